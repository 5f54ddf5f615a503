# envpod: every directory under tools/ is a program, every directory under plugins/ is a .so, and
# every *.c inside belongs to it.  Nothing to register.  `make help` lists the targets.
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.0.0)
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec/envpod
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
-include config.mk

# One build folder per flavour: build/plain, build/address,undefined, build/cov
FLAVOUR := $(if $(SAN),$(SAN),$(if $(COV),cov,plain))
B       := build/$(FLAVOUR)

# External libraries, per program; every program may write audit lines (BLAKE2b of libsodium).
LIBS_pod-exec   := -lseccomp
LIBS_pod-mount  := -lzstd
LIBS_envpod     := -lseccomp -lzstd
LIBS_pod-config := -lyaml -ljq
LIBS_pod-audit  := -ljq
LIBS_pod-vault  := -ljq
LIBS_pod-monitor := -ljq
LIBS_pod-dash   := -ljq -lmicrohttpd -lwslay -lnettle
LIBS_pod-net    := -lmnl -ldl
LIBS_pod-trace  := -lbpf
LIBS_pod-dns    := -lpsl -lidn2 -lunistring -lssl -lcrypto
LIBS_pod-proxy  := -lnghttp2 -lssl -lcrypto -lz -lc
LIBS_pod-screen := -lyaml -lunistring
LIBS_pod-action-http := -lcurl -lresolv
LIBS_pod-display := -lvncserver -lz -lpng -ljpeg -lvpx -lxkbcommon -lwayland-client -lxcb-damage -lxcb-xfixes -lxcb-shm -lxcb-randr -lxcb-xtest -lxcb
LIBS_gpu-dri    := -ldrm
LIBS_pod-audio  := -lpipewire-0.3 -lopus
LIBS_pod-web    := -lmicrohttpd -lwslay -lnettle
LIBS            := -lsodium -lm
NEED_-lseccomp  := seccomp.h:libseccomp-dev
NEED_-lzstd     := zstd.h:libzstd-dev
NEED_-lz        := zlib.h:zlib1g-dev
NEED_-lnghttp2  := nghttp2/nghttp2.h:libnghttp2-dev
NEED_-lyaml     := yaml.h:libyaml-dev
NEED_-ljq       := jq.h:libjq-dev
NEED_-lpsl      := libpsl.h:libpsl-dev
NEED_-lidn2     := idn2.h:libidn2-dev
NEED_-lunistring := unistr.h:libunistring-dev
NEED_-lssl      := openssl/ssl.h:libssl-dev
NEED_-lcrypto   := openssl/crypto.h:libssl-dev
NEED_-lsodium   := sodium.h:libsodium-dev
NEED_-lmnl      := libmnl/libmnl.h:libmnl-dev
NEED_-lbpf      := bpf/libbpf.h:libbpf-dev
# Sources, which tools/pod-proxy/llhttp.c takes in; LLHTTP is where the package has them.
NEED_-ldrm      := xf86drm.h:libdrm-dev
NEED_-lmicrohttpd := microhttpd.h:libmicrohttpd-dev
NEED_-lwslay    := wslay/wslay.h:libwslay-dev
NEED_-lnettle   := nettle/sha1.h:nettle-dev
NEED_-lcurl     := curl/curl.h:libcurl4-openssl-dev
NEED_-lresolv   := arpa/nameser.h:libc6-dev
NEED_-lc        := llhttp.h:node-llhttp
LLHTTP          ?= /usr/share
NEED_-lpipewire-0.3 := pipewire/pipewire.h:libpipewire-0.3-dev
NEED_-lopus     := opus/opus.h:libopus-dev
NEED_-lvncserver := rfb/rfb.h:libvncserver-dev
NEED_-lpng      := png.h:libpng-dev
# jpeglib.h needs stdio.h in front of it, which this one of the same package does not.
NEED_-ljpeg     := jerror.h:libjpeg62-turbo-dev
NEED_-lvpx      := vpx/vpx_encoder.h:libvpx-dev
NEED_-lxkbcommon := xkbcommon/xkbcommon.h:libxkbcommon-dev
NEED_-lwayland-client := wayland-client.h:libwayland-dev
NEED_-lxcb      := xcb/xcb.h:libxcb1-dev
NEED_-lxcb-damage := xcb/damage.h:libxcb-damage0-dev
NEED_-lxcb-xfixes := xcb/xfixes.h:libxcb-xfixes0-dev
NEED_-lxcb-shm  := xcb/shm.h:libxcb-shm0-dev
NEED_-lxcb-randr := xcb/randr.h:libxcb-randr0-dev
NEED_-lxcb-xtest := xcb/xtest.h:libxcb-xtest0-dev
NEED_-ldl       := nftables/libnftables.h:libnftables-dev

# Programs of the warm path are static: an exec of a dynamic one costs more.  Debian has no static
# libjq, so what parses JSON stays dynamic.  Sanitizers and coverage need dynamic, too.
DYNAMIC := pod-plugin pod-config pod-audit pod-net pod-vault pod-action-http pod-monitor pod-trace pod-display pod-audio
DYNAMIC += pod-web pod-dash
# Daemons that read foreign bytes are static, too, but at random addresses and with all relocations
# read-only.  (What libcrypto says about dlopen and getaddrinfo is of no concern: nobody calls them.)
DAEMONS := pod-dns pod-proxy pod-queue pod-screen pod-upload
static   = $(if $(SAN)$(COV)$(filter $(1),$(DYNAMIC)),-pie,$(if $(filter $(1),$(DAEMONS)),-static-pie \
             -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now -Wl$(comma)--no-warnings,-static -Wl,-z,norelro -Wl,-z,noseparate-code))
comma   := ,

# What an agent finds at /run/envpod/bin in its pod: copies, so that nothing else of ours is there.
AGENT := pod-queue pod-mcp pod-upload pod-display pod-audio

# What envpod carries inside, besides being programs of their own: a run is one exec, not three, and
# an exec costs a tenth of it.  Each is linked into one object whose only name is TOOL_main.
INSIDE_envpod := pod-mount pod-exec pod-limit

CC       ?= cc
OBJCOPY  ?= objcopy
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wformat=2 -Wvla -Wundef
CPPFLAGS += -Iinclude -I. -isystem $(LLHTTP)/include/llhttp -isystem $(LLHTTP)/llhttp -isystem /usr/include/libdrm -isystem /usr/include/pipewire-0.3 -isystem /usr/include/spa-0.2 -D_GNU_SOURCE -DENVPOD_VERSION='"$(VERSION)"' \
            -DENVPOD_PLUGINDIR='"$(LIBDIR)/envpod/plugins"' -DENVPOD_LIBDIR='"$(LIBEXECDIR)"' -DENVPOD_DATADIR='"$(DATADIR)/envpod"'
BASE     := -std=c11 $(WARN) -fvisibility=hidden -fPIC
HARDEN   := -fstack-protector-strong $(if $(SAN)$(COV),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
SANFLAGS += $(if $(COV),--coverage -O0)
ALLC      = $(BASE) $(HARDEN) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS)
Q        := $(if $(V),,@)

TOOLS   := $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c))
PLUGINS := $(patsubst plugins/%/,%,$(wildcard plugins/*/))
obj      = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))

# libcommon/web*.c are for the programs that speak HTTP, which have libmicrohttpd: an archive of their own.
LIB     := $(B)/libcommon.a
LIBWEB  := $(B)/libweb.a
web      = $(if $(filter -lmicrohttpd,$(LIBS_$(1))),$(LIBWEB))
BINS    := $(TOOLS:%=$(B)/bin/%)
SHELLS  := bash zsh fish
COMPLETIONS := $(B)/share/envpod/completions
PAGES   := $(patsubst share/%,%,$(wildcard share/display/*))
UNIT    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*/test_*.c))
HELPERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/lib/*.c))
FUZZ    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/*/*.c))

# make check T=pod-mount: one folder.  Long ones, the virtual machine and bench have targets of
# their own.  FILTERS: what reads standard input or files and needs no privileges.
T       := *
OTHERS  := tests/long/% tests/lint/% tests/vm/% tests/bench/%
TESTS    = $(filter-out $(OTHERS),$(wildcard tests/$(T)/*.bats)) \
           $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/$(T)/test_*.c))
# What depends on the filesystem that projects and state lie on (tests/run mounts it): a part of it on other ones
# by `make check`, all of it on each by check-long.
on       = $(2:%=$(1):tests/pod-mount/%.bats)
ON_SOME := $(call on,xfs,commit snapshot) $(call on,btrfs,undo conflict) $(call on,tmpfs,squash)
ON_ALL  := $(foreach fs,xfs btrfs tmpfs,$(call on,$(fs),view crash crash_snapshot crash_undo layers undo snapshot \
             squash commit conflict))
FILTERS  = $(wildcard $(patsubst %,tests/%/*.bats,libcommon pod-config pod-audit))
SUDO    := $(if $(filter-out 0,$(shell id -u)),sudo)
RUN      = $(SUDO) env B=$(abspath $(B)) JOBS=$(JOBS) ENVPOD_MUST_RUN=$(ENVPOD_MUST_RUN) RETRY=$(RETRY) tests/run
FUZZ_S  ?= 20
FUZZ_MAX ?= 360
# Set-up commands use every processor, unless -j was given.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all unit deps demo check check-unit check-long check-vm bench fuzz fuzz-run lint format events \
        install uninstall deb clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
all: $(BINS) $(AGENT:%=$(B)/agent/%) $(PLUGINS:%=$(B)/plugins/%.so) $(SHELLS:%=$(COMPLETIONS)/envpod.%) \
     $(PAGES:%=$(B)/share/envpod/%) $(B)/fetched
unit: $(UNIT) $(HELPERS) $(B)/tests/browser/fetched

# Objects depend on the very line that makes them: other flags or another prefix rebuild them.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALLC))' | cmp -s - $@ || echo '$(subst ','\'',$(CC) $(ALLC))' >$@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALLC) -MMD -MP -c -o $@ $<

# Programs for the kernel (tools/TOOL/bpf/): compiled for BPF, and carried as bytes by object.c.
BPF_CC  ?= clang
$(B)/%.inc: %.c tools/pod-trace/bpf/record.h
	@mkdir -p $(@D)
	@command -v $(BPF_CC) >/dev/null || { echo "pod-trace needs $(BPF_CC) for its programs in the kernel: install clang (or run make deps)" >&2; exit 1; }
	$(Q)$(BPF_CC) -target bpf -mcpu=v3 -std=gnu11 -O2 -g $(WARN) -Wno-missing-prototypes -I. -isystem /usr/include/$(shell $(CC) -print-multiarch) -c -o $(@:.inc=.bpf) $<
	$(Q)od -An -v -tu1 $(@:.inc=.bpf) | sed 's/ *\([0-9][0-9]*\)/\1,/g' >$@
$(B)/tools/pod-trace/object.o: $(B)/tools/pod-trace/bpf/programs.inc
$(B)/tools/pod-trace/object.o: private CPPFLAGS += -I$(B)

# Protocols of Wayland: what wayland-scanner makes of their XML.
SCANNER ?= wayland-scanner
PROTOCOLS := $(patsubst share/protocols/%.xml,$(B)/protocols/%,$(wildcard share/protocols/*.xml))
SPEAKS  := $(patsubst %.c,$(B)/%.o,$(wildcard tools/pod-display/wayland*.c) tools/pod-display/protocols.c)
$(B)/protocols/%.h $(B)/protocols/%.inc: share/protocols/%.xml
	@mkdir -p $(@D)
	@command -v $(SCANNER) >/dev/null || { echo "pod-display needs wayland-scanner: install libwayland-bin (or run make deps)" >&2; exit 1; }
	$(Q)$(SCANNER) client-header $< $(B)/protocols/$*.h && $(SCANNER) private-code $< $(B)/protocols/$*.inc
$(SPEAKS): private CPPFLAGS += -isystem $(B)
$(SPEAKS): $(PROTOCOLS:%=%.h) $(PROTOCOLS:%=%.inc)

WEB     := $(filter $(B)/libcommon/web%,$(call obj,libcommon))
$(LIB): $(filter-out $(WEB),$(call obj,libcommon))
$(LIBWEB): $(WEB)
$(LIB) $(LIBWEB):
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(filter-out $(WEB),$(call obj,libcommon)): | $(B)/have/libcommon
$(WEB): | $(B)/have/pod-web

# A missing library names the program that needs it; make -k builds the rest.
$(B)/have/%:
	@mkdir -p $(@D)
	@for need in $(foreach l,$(LIBS_$*) -lsodium,$(l):$(NEED_$(l))); do \
	  lib=$${need%%:*} package=$${need##*:} header=$${need#*:}; header=$${header%:*}; \
	  printf '#include <%s>\nint main(void) { return 0; }\n' "$$header" | \
	    $(CC) $(CPPFLAGS) $(call static,$*) -x c - -o $@.try $$lib 2>/dev/null || { \
	    echo "$* needs $$header and $$lib: install $$package (or run make deps)" >&2; exit 1; }; \
	done; rm -f $@.try; touch $@

define inside
$(B)/inside/$(1).o: $(call obj,tools/$(1))
	@mkdir -p $$(@D)
	$(Q)$$(CC) -r -nostdlib -o $$@.all $$^
	$(Q)$$(OBJCOPY) --redefine-sym main=$(subst -,_,$(1))_main $$@.all
	$(Q)$$(OBJCOPY) --keep-global-symbol=$(subst -,_,$(1))_main $$@.all $$@ && rm -f $$@.all
endef
$(foreach t,$(sort $(foreach t,$(TOOLS),$(INSIDE_$(t)))),$(eval $(call inside,$(t))))

define tool
$(call obj,tools/$(1)): | $(B)/have/$(1)
$(B)/bin/$(1): $(call obj,tools/$(1)) $(INSIDE_$(1):%=$(B)/inside/%.o) $(call web,$(1)) $(LIB)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALLC) $(call static,$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

$(B)/agent/%: $(B)/bin/%
	@mkdir -p $(@D)
	$(Q)cp -f $< $@

# What several plugins are made of: plugins/*.c.
PLUGINLIB := $(B)/plugins/common.a
$(PLUGINLIB): $(call obj,plugins)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define plugin
$(call obj,plugins/$(1)): | $(B)/have/$(1)
$(B)/plugins/$(1).so: $(call obj,plugins/$(1)) $(PLUGINLIB)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALLC) $$(LDFLAGS) -shared -Wl,-z,defs -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin,$(p))))

# tests/TOOL/test_x.c and tests/fuzz/TOOL/x.c are linked with that tool's objects, less its main.o;
# those of libcommon with the library alone.
of = $(notdir $(patsubst %/,%,$(dir $(1))))
define unit
$(1): $(1).o $(filter-out %/main.o,$(call obj,tools/$(call of,$(1)))) $(call web,$(call of,$(1))) $(LIB)
	$(Q)$$(CC) $$(ALLC) $$(LDFLAGS) $(2) -o $$@ $$^ $$(LIBS_$(call of,$(1))) $$(LIBS)
endef
$(foreach u,$(UNIT),$(eval $(call unit,$(u))))
$(foreach f,$(FUZZ),$(eval $(call unit,$(f),-fsanitize=fuzzer)))

# Programs that tests use.
$(HELPERS): $(B)/tests/lib/%: $(B)/tests/lib/%.o
	$(Q)$(CC) $(ALLC) $(call static,$*) $(LDFLAGS) -o $@ $<

# Completions come out of the programs' own option tables.
$(COMPLETIONS)/envpod.%: share/completions/generate $(BINS)
	@mkdir -p $(@D)
	$(Q)$< $* $(B)/bin >$@

# The pages, and beside them what they take from elsewhere.  Without npm or a network all but the pages works.
$(B)/share/envpod/display/%: share/display/%
	@mkdir -p $(@D)
	$(Q)cp -f $< $@
$(B)/fetched: share/web/fetch share/web/package.json share/web/package-lock.json
	@mkdir -p $(@D)
	$(Q)if $< $(B)/share/envpod; then touch $@; fi

# What drives a browser in tests/browser; without it those tests say so.
$(B)/tests/browser/fetched: tests/browser/package.json tests/browser/package-lock.json
	@mkdir -p $(@D)
	$(Q)cp $^ $(@D)
	$(Q)if (cd $(@D) && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --fetch-retries=1 --loglevel=error); then touch $@; \
	  else echo "tests/browser need npm (share/packages/test) and what it fetches: they are left out" >&2; fi

deps:
	$(Q)share/packages/install build web

demo:
	$(Q)share/packages/install build run demo
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)$(SUDO) share/demo/run $(abspath $(B)/bin)

check:
	$(Q)share/packages/install build run test
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all unit
	$(Q)$(RUN) $(TESTS) $(if $(filter * pod-mount,$(T)),$(ON_SOME))

# What sanitizers can watch: make SAN=address,undefined check-unit
check-unit:
	$(Q)share/packages/install build run test
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all unit
	$(Q)$(RUN) $(UNIT) $(FILTERS)

# make check-long LONG_S=3600 SEED=7: so long, from there.
LONG_S  ?= 600
check-long:
	$(Q)share/packages/install build run test
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all unit
	$(Q)$(SUDO) env B=$(abspath $(B)) JOBS=$(JOBS) ENVPOD_MUST_RUN=$(ENVPOD_MUST_RUN) \
	  SEED=$(SEED) LONG_S=$(LONG_S) TEST_S=14400 FILE_S=28800 tests/run $(wildcard tests/long/*.bats) $(ON_ALL)

# The stock kernel of the distribution in an emulated machine, under the unified cgroup hierarchy.
check-vm:
	$(Q)share/packages/install build run test vm
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)B=$(abspath $(B)) tests/vm/run

bench:
	$(Q)share/packages/install build run bench
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)for b in $(wildcard tests/bench/*.sh); do $(SUDO) env B=$(abspath $(B)) $$b || exit 1; done

# FUZZ_S seconds for each target, FUZZ_MAX for all of them.
fuzz:
	$(Q)share/packages/install build lint
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) B=$(B)/fuzz CC=clang SAN=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' fuzz-run
fuzz-run: $(FUZZ)
	$(Q)FUZZ_S=$(FUZZ_S) FUZZ_MAX=$(FUZZ_MAX) CORPUS=build/corpus tests/lib/fuzz-run $(FUZZ)

# Every file of tests/lint/ is a lint of its own and prints TAP; planted.bats tests them.
lint:
	$(Q)share/packages/install build run test lint
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) all
	$(Q)B=$(abspath $(B)) JOBS=$(JOBS) tests/run $(wildcard tests/lint/[a-z]*)

format:
	$(Q)clang-format -i $$(git ls-files '*.[ch]')

# envpod-event(5) is made from the table of events.
events: $(B)/bin/pod-audit
	$(Q)share/events/page man/envpod-event.5 $<

# One list says what goes where; install, uninstall and the package follow it.
FILES = B=$(B) BINDIR=$(BINDIR) LIBDIR=$(LIBDIR) LIBEXECDIR=$(LIBEXECDIR) INCLUDEDIR=$(INCLUDEDIR) DATADIR=$(DATADIR) \
        MANDIR=$(MANDIR) share/dist/files
install: all
	$(Q)$(FILES) | while read -r mode from to; do \
	  install -D -m "$$mode" "$$from" "$(DESTDIR)$$to" || exit 1; done

uninstall:
	$(Q)$(FILES) | while read -r mode from to; do rm -f "$(DESTDIR)$$to"; done
	$(Q)for d in $(DATADIR)/envpod $(LIBDIR)/envpod $(INCLUDEDIR)/envpod $(LIBEXECDIR); do \
	  [ ! -d "$(DESTDIR)$$d" ] || find "$(DESTDIR)$$d" -depth -type d -empty -delete; done

deb:
	$(Q)share/packages/install build web
	$(Q)rm -rf $(B)/deb/root
	$(Q)$(MAKE) --no-print-directory $(PARALLEL) B=$(B)/deb PREFIX=/usr DESTDIR=$(abspath $(B))/deb/root install
	$(Q)share/dist/deb $(B)/deb/root $(VERSION) build

clean:
	rm -rf build

help:
	@sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile | sort -u | tr '\n' ' '; echo

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
