/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/nft.h"

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"

#define LIBRARY "libnftables.so.1"

static struct {
	void *handle;
	__typeof__(nft_ctx_new) *ctx_new;
	__typeof__(nft_ctx_free) *ctx_free;
	__typeof__(nft_ctx_buffer_error) *buffer_error;
	__typeof__(nft_ctx_get_error_buffer) *error_buffer;
	__typeof__(nft_ctx_buffer_output) *buffer_output;
	__typeof__(nft_ctx_get_output_buffer) *output;
	__typeof__(nft_run_cmd_from_buffer) *run;
} lib;

int nft_load(struct err *e)
{
	if (lib.handle)
		return 0;
	lib.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib.handle)
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "load %s: %s (install libnftables1)", LIBRARY, dlerror());
	lib.ctx_new = dlsym(lib.handle, "nft_ctx_new");
	lib.ctx_free = dlsym(lib.handle, "nft_ctx_free");
	lib.buffer_error = dlsym(lib.handle, "nft_ctx_buffer_error");
	lib.error_buffer = dlsym(lib.handle, "nft_ctx_get_error_buffer");
	lib.buffer_output = dlsym(lib.handle, "nft_ctx_buffer_output");
	lib.output = dlsym(lib.handle, "nft_ctx_get_output_buffer");
	lib.run = dlsym(lib.handle, "nft_run_cmd_from_buffer");
	if (lib.ctx_new && lib.ctx_free && lib.buffer_error && lib.error_buffer &&
	    lib.buffer_output && lib.output && lib.run)
		return 0;
	return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN, "%s lacks a function", LIBRARY);
}

/* Its first line says what; the rest draws the place. */
static int fail(struct nft_ctx *ctx, struct err *e)
{
	const char *said = lib.error_buffer(ctx);

	return err_set(e, ERR_PLAIN, "load the firewall rules: %.*s", (int)strcspn(said, "\n"),
		       *said ? said : "nftables says no more");
}

static int run(const char *text, struct buf *out, struct err *e)
{
	int r = nft_load(e);
	struct nft_ctx *ctx;

	if (r < 0)
		return r;
	ctx = lib.ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return err_set(e, ENOMEM, "start nftables");
	lib.buffer_error(ctx);
	lib.buffer_output(ctx);
	if (lib.run(ctx, text) != 0)
		r = fail(ctx, e);
	else if (out)
		buf_str(out, lib.output(ctx));
	lib.ctx_free(ctx);
	return r;
}

int nft_apply(const char *text, struct err *e)
{
	return run(text, NULL, e);
}

int nft_list(const char *text, struct buf *out, struct err *e)
{
	return run(text, out, e);
}
