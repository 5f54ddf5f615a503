/* SPDX-License-Identifier: Apache-2.0 */
/* Texts before and after one key was set or taken out; NULL: the edit is refused. */
#include <string.h>

#include "libcommon/buf.h"
#include "tests/lib/tap.h"
#include "tools/pod-config/edit.h"

static const struct {
	const char *before, *key, *value, *after;
} rows[] = {
	{"", "processor.memory", "1GB", "processor:\n  memory: 1GB\n"},
	{"# c\n", "processor.memory", "1GB", "# c\nprocessor:\n  memory: 1GB\n"},
	{"---\n", "processor.memory", "1GB", "---\nprocessor:\n  memory: 1GB\n"},
	{"processor:\n  memory: 2GB\n", "processor.memory", "1GB", "processor:\n  memory: 1GB\n"},
	{"processor:\n  memory: '2GB' # é\n", "processor.memory", "1GB",
	 "processor:\n  memory: 1GB # é\n"},
	{"env: {É: é}\nprocessor: {memory: 2GB, cores: 1}", "processor.memory", "1GB",
	 "env: {É: é}\nprocessor: {memory: 1GB, cores: 1}"},
	{"PROCESSOR:\n  Memory: 2GB\n", "processor.memory", "1GB", "PROCESSOR:\n  Memory: 1GB\n"},
	{"processor:\n  memory:\n  cores: 1\n", "processor.memory", "1GB",
	 "processor:\n  memory: 1GB\n  cores: 1\n"},
	{"processor: # none\nname: x\n", "processor.memory", "1GB",
	 "processor: # none\n  memory: 1GB\nname: x\n"},
	{"processor:\n  io_max:\n    - device: /dev/sda\n# end\n", "processor.memory", "1GB",
	 "processor:\n  io_max:\n    - device: /dev/sda\n  memory: 1GB\n# end\n"},
	{"setup:\n- |\n  a\n  b\n# end\n", "processor.memory", "1GB",
	 "setup:\n- |\n  a\n  b\nprocessor:\n  memory: 1GB\n# end\n"},
	{"name: x\r\nprocessor:\r\n  cores: 1\r\n", "processor.memory", "1GB",
	 "name: x\r\nprocessor:\r\n  cores: 1\r\n  memory: 1GB\n"},
	{"{}\n", "processor.memory", "1GB", "{processor: {memory: 1GB}}\n"},
	{"name: x\n", "processor.cpu_affinity", "0-1,3",
	 "name: x\nprocessor:\n  cpu_affinity: \"0-1,3\"\n"},
	{"processor:\n  memory: 2GB\n  cores: 1\n", "processor.memory", NULL,
	 "processor:\n  cores: 1\n"},
	{"processor:\n  memory: 2GB # c\nname: x\n", "processor.memory", NULL,
	 "processor:\nname: x\n"},
	{"processor: {cores: 1, memory: 2GB}\n", "processor.memory", NULL,
	 "processor: {cores: 1}\n"},
	{"processor: {memory: 2GB , cores: 1}\n", "processor.memory", NULL,
	 "processor: {cores: 1}\n"},
	{"name: x", "processor.memory", NULL, "name: x"},
	{"processor: [a]\n", "processor.memory", "1GB", NULL},
	{"processor: 3\n", "processor.memory", "1GB", NULL},
	{"processor:\n  memory: {a: b}\n", "processor.memory", "1GB", NULL},
	{"a: 1\na: 2\n", "processor.memory", "1GB", NULL},
};

static void test_row(size_t i)
{
	OWN_PROBLEMS struct problems p = {.file = "test"};
	OWN_BUF struct buf text = BUF_INIT;
	bool done;

	buf_str(&text, rows[i].before);
	done = edit_key(&text, key_at(rows[i].key), rows[i].value, &p);
	is_int(done, rows[i].after != NULL, "row %zu: done or refused", i);
	is_str(text.data, rows[i].after ? rows[i].after : rows[i].before, "row %zu", i);
	ok(done || p.errors, "row %zu: a refusal says why", i);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(i);
	return done_testing();
}
