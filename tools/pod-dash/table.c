/* SPDX-License-Identifier: Apache-2.0 */
/* Every route.  share/dashboard/openapi.yaml says the same for people and programs, and a test
 * holds the two together. */
#include "tools/pod-dash/route.h"

const char *const role_names[ROLES] = {"view", "operate", "admin"};

#define API     "/api/v1"
#define POD     API "/pods/{pod}"
#define VIEW    ROLE_VIEW
#define OPERATE ROLE_OPERATE
#define ADMIN   ROLE_ADMIN

#define POD_FIELD                       \
	{                               \
		"pod", FIELD_POD, false \
	}
#define ID_FIELD                      \
	{                             \
		"id", FIELD_ID, false \
	}
#define PATHS                             \
	{                                 \
		"paths", FIELD_PATH, true \
	}
#define GET(p, a) .method = "GET", .path = (p), .answer = (a), .role = VIEW, .quiet = true
#define ADMIN_POST(p, d) \
	.method = "POST", .path = (p), .answer = ANSWER_DONE, .done = (d), .role = ADMIN
#define ADMIN_DELETE(p, d) \
	.method = "DELETE", .path = (p), .answer = ANSWER_DONE, .done = (d), .role = ADMIN
#define POST(p, d) \
	.method = "POST", .path = (p), .answer = ANSWER_DONE, .done = (d), .role = OPERATE
#define DELETE(p, d) \
	.method = "DELETE", .path = (p), .answer = ANSWER_DONE, .done = (d), .role = OPERATE

const struct route routes[] = {
	/* the fleet */
	{GET(API "/pods", ANSWER_LIST), .text = "The pods, as envpod ls lists them.",
	 .words = {"envpod", "ls", "--json"}},
	{POST(API "/pods", "created"),
	 .text = "Make a pod from a preset or a pod file; one that opens the host needs an admin's login.",
	 .words = {"envpod", "init", "?preset:--preset=", "?config:--config=/dev/stdin", "--",
		   "$name"},
	 .fields = {{"name", FIELD_POD, false},
		    {"preset", FIELD_POD, false},
		    {"config", FIELD_INPUT, false}},
	 .judged = true},
	{GET(API "/presets", ANSWER_LIST), .text = "The pod files that come with envpod.",
	 .words = {"envpod", "presets", "--json"}},
	{GET(API "/presets/{preset}", ANSWER_TEXT), .text = "One of them.",
	 .words = {"envpod", "presets", "--", "$preset"}, .fields = {{"preset", FIELD_POD, false}}},
	{.method = "POST",
	 .path = API "/check",
	 .text = "Whether a pod file is one, and all that is wrong with it, with line and column.",
	 .answer = ANSWER_DONE,
	 .done = "valid",
	 .quiet = true,
	 .words = {"envpod", "check", "-"},
	 .fields = {{"config", FIELD_INPUT, false}}},
	{GET(API "/doctor", ANSWER_LIST), .text = "What this host lacks.",
	 .words = {"envpod", "doctor", "--json"}},

	/* a pod */
	{GET(POD, ANSWER_OBJECT), .text = "One pod: its state, walls, ports, and what waits.",
	 .words = {"envpod", "status", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{DELETE(POD, "destroyed"), .text = "Remove a pod; its record stays in the archive.",
	 .words = {"envpod", "destroy", "?force:--force", "--", "$pod"},
	 .fields = {POD_FIELD, {"force", FIELD_BOOL, false}}},
	{POST(POD "/clone", "cloned"), .text = "Make a pod that stands on this one's layers.",
	 .words = {"envpod", "clone", "?current:--current", "--", "$pod", "$new_name"},
	 .fields = {POD_FIELD, {"new_name", FIELD_POD, false}, {"current", FIELD_BOOL, false}}},
	{POST(POD "/start", "started"), .text = "Run its start command in the background.",
	 .words = {"envpod", "start", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/stop", "stopped"), .text = "End its runs, politely first.",
	 .words = {"envpod", "stop", "--", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/freeze", "frozen"), .text = "Stop every process of it where it is.",
	 .words = {"envpod", "lock", "--", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/resume", "running"), .text = "Let it go on.",
	 .words = {"envpod", "unlock", "--", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/resize", "resized"), .text = "Change what it may use, now and in its pod file.",
	 .words = {"envpod", "resize",
		   "?cpus:--cpus=", "?memory:--memory=", "?max_pids:--max-pids=", "--", "$pod"},
	 .fields = {POD_FIELD,
		    {"cpus", FIELD_NUMBER, false},
		    {"memory", FIELD_WORD, false},
		    {"max_pids", FIELD_NUMBER, false}}},
	{GET(POD "/config", ANSWER_OBJECT), .text = "Its pod file as it is compiled.",
	 .words = {"pod-config", "check", "--json", "%pod.yaml"}, .fields = {POD_FIELD}},
	{GET(POD "/security", ANSWER_LIST), .text = "What makes it weaker than it could be.",
	 .words = {"envpod", "audit", "--security", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{GET(POD "/log", ANSWER_TEXT), .text = "What its background run said.",
	 .words = {"envpod", "logs", "?lines:--lines=", "--", "$pod"},
	 .fields = {POD_FIELD, {"lines", FIELD_NUMBER, false}}},
	{GET(POD "/resources", ANSWER_OBJECT),
	 .text = "What it uses, and its limits as the kernel has them.",
	 .words = {"pod-limit", "usage", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{GET(POD "/budget", ANSWER_OBJECT), .text = "What it may use up in all, and has.",
	 .words = {"envpod", "budget", "--json", "--", "$pod"}, .fields = {POD_FIELD}},

	/* its changes */
	{GET(POD "/diff", ANSWER_LIST), .text = "What it changed.",
	 .words = {"envpod", "diff", "--json", "?all:--all", "--", "$pod"},
	 .fields = {POD_FIELD, {"all", FIELD_BOOL, false}}},
	{GET(POD "/patch", ANSWER_TEXT), .text = "What changed in one file, as git apply takes it.",
	 .words = {"envpod", "diff", "--patch", "?all:--all", "--", "$pod", "$path"},
	 .fields = {POD_FIELD, {"path", FIELD_PATH, false}, {"all", FIELD_BOOL, false}}},
	{GET(POD "/show", ANSWER_OBJECT),
	 .text = "Both sides of one path, and how they came about.",
	 .words = {"envpod", "show", "--json", "--", "$pod", "$path"},
	 .fields = {POD_FIELD, {"path", FIELD_PATH, false}}},
	{POST(POD "/commit", "committed"), .text = "Bring these paths to the host.",
	 .words = {"envpod", "commit", "?partial:--partial", "?theirs:--theirs", "?ours:--ours",
		   "?merge:--merge", "?sensitive:--sensitive", "--", "$pod", "*paths"},
	 .fields = {POD_FIELD,
		    PATHS,
		    {"partial", FIELD_BOOL, false},
		    {"theirs", FIELD_BOOL, false},
		    {"ours", FIELD_BOOL, false},
		    {"merge", FIELD_BOOL, false},
		    {"sensitive", FIELD_BOOL, false}},
	 .quiet = true},
	{POST(POD "/commit-all", "committed"), .text = "Bring all tracked changes to the host.",
	 .words = {"envpod", "commit", "--", "$pod"}, .fields = {POD_FIELD}, .quiet = true},
	{POST(POD "/rollback", "rolled back"), .text = "Drop what it changed below these paths.",
	 .words = {"envpod", "rollback", "--", "$pod", "*paths"}, .fields = {POD_FIELD, PATHS},
	 .quiet = true},
	{POST(POD "/rollback-all", "rolled back"), .text = "Drop all it changed.",
	 .words = {"envpod", "rollback", "--", "$pod"}, .fields = {POD_FIELD}, .quiet = true},
	{GET(POD "/undo", ANSWER_LIST), .text = "What was done, and can be taken back.",
	 .words = {"envpod", "undo", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/undo/{id}", "undone"), .text = "Take one of it back.",
	 .words = {"envpod", "undo", "--", "$pod", "$id"}, .fields = {POD_FIELD, ID_FIELD},
	 .quiet = true},

	/* its snapshots */
	{GET(POD "/snapshots", ANSWER_LIST), .text = "The states it can go back to.",
	 .words = {"envpod", "snapshot", "--json", "--", "$pod", "ls"}, .fields = {POD_FIELD}},
	{POST(POD "/snapshots", "created"), .text = "Make one of what it is now.",
	 .words = {"envpod", "snapshot", "?name:--name=", "--", "$pod", "create"},
	 .fields = {POD_FIELD, {"name", FIELD_POD, false}}},
	{POST(POD "/snapshots/{id}/restore", "restored"), .text = "Go back to it.",
	 .words = {"envpod", "snapshot", "--yes", "--", "$pod", "restore", "$id"},
	 .fields = {POD_FIELD, ID_FIELD}},
	{POST(POD "/snapshots/{id}/promote", "promoted"), .text = "Make a base of it.",
	 .words = {"envpod", "snapshot", "--", "$pod", "promote", "$id", "$base_name"},
	 .fields = {POD_FIELD, ID_FIELD, {"base_name", FIELD_POD, false}}},
	{GET(POD "/snapshots/{id}/diff", ANSWER_LIST), .text = "What has changed since.",
	 .words = {"envpod", "snapshot", "--json", "--", "$pod", "diff", "$id"},
	 .fields = {POD_FIELD, ID_FIELD}},
	{DELETE(POD "/snapshots/{id}", "destroyed"), .text = "Remove it.",
	 .words = {"envpod", "snapshot", "--yes", "--", "$pod", "destroy", "$id"},
	 .fields = {POD_FIELD, ID_FIELD}},

	/* what its agent asks for */
	{GET(POD "/queue", ANSWER_LIST),
	 .text = "What its agent asked for and waits; with all, what has ended, too.",
	 .words = {"envpod", "queue", "--json", "?all:--all", "--", "$pod"},
	 .fields = {POD_FIELD, {"all", FIELD_BOOL, false}}},
	{GET(POD "/queue/{id}", ANSWER_OBJECT), .text = "One action, exactly.",
	 .words = {"envpod", "queue", "--json", "--", "$pod", "show", "$id"},
	 .fields = {POD_FIELD, ID_FIELD}},
	{POST(POD "/queue/{id}/approve", "approved"),
	 .text = "Let it be executed: once, or its like for a time.",
	 .words = {"envpod", "approve", "--no-wait", "?for:--for=", "?exact:--exact", "--", "$pod",
		   "$id"},
	 .fields = {POD_FIELD, ID_FIELD, {"for", FIELD_WORD, false}, {"exact", FIELD_BOOL, false}}},
	{POST(POD "/queue/{id}/deny", "denied"), .text = "Refuse it; the agent is told why.",
	 .words = {"envpod", "deny", "?reason:--reason=", "--", "$pod", "$id"},
	 .fields = {POD_FIELD, ID_FIELD, {"reason", FIELD_TEXT, false}}},
	{POST(POD "/queue/{id}/cancel", "cancelled"), .text = "Take it back.",
	 .words = {"envpod", "cancel", "--", "$pod", "$id"}, .fields = {POD_FIELD, ID_FIELD}},

	/* its record */
	{GET(POD "/audit", ANSWER_LIST),
	 .text = "Its record, the newest of it, or what a jq program picks.",
	 .words = {"envpod", "audit", "--json", "?limit:--last=", "?event:--event=",
		   "?since:--since=", "?where:--where=", "--", "$pod"},
	 .fields = {POD_FIELD,
		    {"limit", FIELD_NUMBER, false},
		    {"event", FIELD_WORD, false},
		    {"since", FIELD_WORD, false},
		    {"where", FIELD_TEXT, false}}},
	{GET(POD "/audit/verify", ANSWER_TEXT), .text = "Whether the record is whole.",
	 .words = {"envpod", "audit", "--verify", "--", "$pod"}, .fields = {POD_FIELD}},

	/* its network */
	{GET(POD "/network", ANSWER_OBJECT), .text = "What its network is, and what it counted.",
	 .words = {"pod-net", "status", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{GET(POD "/ports", ANSWER_LIST), .text = "Its open ports.",
	 .words = {"envpod", "ports", "--json", "--", "$pod"}, .fields = {POD_FIELD}},
	{POST(POD "/dns/allow", "allowed"), .text = "Let it resolve a name, at once.",
	 .words = {"envpod", "dns", "?for:--for=", "?name:--allow=", "--", "$pod"},
	 .fields = {POD_FIELD, {"name", FIELD_WORD, false}, {"for", FIELD_WORD, false}}},
	{POST(POD "/dns/deny", "denied"), .text = "Refuse it a name, at once.",
	 .words = {"envpod", "dns", "?name:--deny=", "--", "$pod"},
	 .fields = {POD_FIELD, {"name", FIELD_WORD, false}}},

	/* its secrets: names, never values */
	{GET(POD "/vault", ANSWER_LIST), .text = "The names of its secrets; never their values.",
	 .words = {"envpod", "vault", "$pod", "list", "--json"}, .fields = {POD_FIELD}},
	{ADMIN_POST(POD "/vault/{key}", "set"), .text = "Put a secret in.",
	 .words = {"envpod", "vault", "$pod", "set", "--", "$key"},
	 .fields = {POD_FIELD, {"key", FIELD_POD, false}, {"value", FIELD_INPUT, false}}},
	{ADMIN_DELETE(POD "/vault/{key}", "removed"), .text = "Remove a secret.",
	 .words = {"envpod", "vault", "$pod", "rm", "--", "$key"},
	 .fields = {POD_FIELD, {"key", FIELD_POD, false}}},

	/* its desktop */
	{POST(POD "/display", "shown"),
	 .text = "Start its desktop if need be; the link to it, which works once.",
	 .words = {"envpod", "display", "--no-wait", "--", "$pod"}, .fields = {POD_FIELD}},
};

size_t routes_count(void)
{
	return sizeof(routes) / sizeof(routes[0]);
}
