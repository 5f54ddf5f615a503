/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/health.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static void test_round(const struct pod *p)
{
	OWN_BUF struct buf json = BUF_INIT;
	struct health h = {.state = HEALTH_FAILING, .restarts = 3, .n = 2}, back;

	snprintf(h.since, sizeof(h.since), "2026-01-01T00:00:00.000000Z");
	h.v[0] = (struct health_check){"web ui", "answered 503", HEALTH_FAILING, "", 7};
	h.v[1] = (struct health_check){"db", "", HEALTH_STARTING, "", 0};
	snprintf(h.v[0].since, UNIT_TIME_LEN, "%s", h.since);
	snprintf(h.v[1].since, UNIT_TIME_LEN, "%s", h.since);
	ok(!health_read(&back, p), "nobody looks after it");
	is_int(health_write(&h, p), 0, "written");
	ok(health_read(&back, p), "and read");
	health_json(&back, &json);
	is_str(json.data,
	       "{\"state\":\"failing\",\"since\":\"2026-01-01T00:00:00.000000Z\",\"restarts\":3,"
	       "\"checks\":[{\"name\":\"web ui\",\"state\":\"failing\","
	       "\"since\":\"2026-01-01T00:00:00.000000Z\",\"failures\":7,"
	       "\"reason\":\"answered 503\"},{\"name\":\"db\",\"state\":\"starting\","
	       "\"since\":\"2026-01-01T00:00:00.000000Z\",\"failures\":0,\"reason\":\"\"}]}",
	       "as it was");
	health_forget(p);
	ok(!health_read(&back, p), "forgotten");
}

static void test_stale(const struct pod *p)
{
	OWN_FREE char *text = xfmt("envpod-health 1 %d %llu\npod passing X 0\n", (int)getpid(),
				   pod_start_time(getpid()) + 1);
	struct health h;

	write_file_at(p->run, "health", text, strlen(text), 0600, false);
	ok(!health_read(&h, p), "what a process wrote that is gone says nothing");
}

static const char *const wrong[] = {
	"",
	"envpod-health 2 1 1\npod passing X 0\n",
	"envpod-health 1 1\npod passing X 0\n",
	"envpod-health 1 1 1\n",
	"envpod-health 1 1 1\npod well X 0\n",
	"envpod-health 1 1 1\npod passing X\n",
	"envpod-health 1 1 1\npod passing X -1\n",
	"envpod-health 1 1 1\npod passing X 0\ncheck a passing X 0\n",
	"envpod-health 1 1 1\npod passing X 0\ncheck a  passing X 0 -\n",
	"envpod-health 1 1 1\npod passing X 0\nwhat\n",
};

static void test_wrong(void)
{
	OWN_BUF struct buf many = BUF_INIT;
	unsigned long long start;
	struct health h;
	int pid;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(health_parse(&h, wrong[i], strlen(wrong[i]), &pid, &start) < 0, "wrong %zu", i);
	buf_str(&many, "envpod-health 1 1 1\npod passing X 0\n");
	for (int i = 0; i < HEALTH_CHECKS; i++)
		buf_str(&many, "check a passing X 0 -\n");
	is_int(health_parse(&h, many.data, many.len, &pid, &start), 0, "as many as may be");
	buf_str(&many, "check a passing X 0 -\n");
	ok(health_parse(&h, many.data, many.len, &pid, &start) < 0, "one more");
}

int main(void)
{
	char top[] = "/tmp/health.XXXXXX";
	struct pod p = POD_INIT;

	p.run = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	test_round(&p);
	test_stale(&p);
	test_wrong();
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
