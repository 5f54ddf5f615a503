/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids are those that users of envpod know where there is one; N-06 (raw sockets), V-02 and V-03
 * (injection with an open wall, or for a host that is closed) are not here: those doors are shut.
 */
#include "tools/pod-audit/findings.h"

#include <jq.h>
#include <stdio.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

const char *const severity_names[SEVERITIES] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};

#define LOW      SEVERITY_LOW
#define MEDIUM   SEVERITY_MEDIUM
#define HIGH     SEVERITY_HIGH
#define CRITICAL SEVERITY_CRITICAL

/* Words for the programs below. */
static const char prelude[] =
	"def has_net: .network.mode != \"None\";"
	"def allows: .network.dns.allow[]?, .live.dns.allow[]?.name;"
	"def denies: .network.dns.deny[]?, .live.dns.deny[]?.name;"
	"def mounts: .filesystem.mounts[]?;"
	"def is_rw: .permissions == \"ReadWrite\" and (.cow | not);"
	"def bindings: .vault.bindings[]?, .live.proxy.bind[]?;"
	"def publics: .network.public_ports[]?, .live.ports.public[]?;"
	"def steps: .setup[]?;"
	"def some(f): [f] | any;"
	"def private: test(\"^(10|127|169[.]254|192[.]168|172[.](1[6-9]|2[0-9]|3[01])|100[.](6[4-9]|[7-9][0-9]|1[01]"
	"[0-9]|12[0-7]))[.]|^(::1|f[cd]|fe[89ab])\"; \"i\");"
	"def is_vital($home): . == $home or test(\"^/$|^/(etc|usr|bin|sbin|lib[^/]*|boot|dev|sys|proc|var/(lib|spool))(/|$)|"
	"^/(root|home|opt|srv|var)/?$|/[.](ssh|config|local|gnupg)(/|$)\");"
	"def width: (split(\"/\")[1] // \"0\") | tonumber;"
	"def is_secret: test(\"/[.](ssh|gnupg|aws|azure|kube|docker|netrc|npmrc|pypirc|password-store|mozilla)|"
	"gcloud|/etc/shadow|keyring|credential\"; \"i\");";

#define SOCKETS                                                                       \
	"[.]sock(et)?$|/system_bus_socket$|/libvirt-sock[^/]*$|/S[.]gpg-agent[^/]*$|" \
	"/ssh-[^/]*/agent[.][0-9]+$|/(pulse|bus|pipewire-[0-9]+|wayland-[0-9]+)$|"    \
	"^/(var/)?run(/user(/[0-9]+)?)?/?$|^/tmp/[.]X11-unix"

const struct weakness weaknesses[] = {
	{"N-01", CRITICAL, "the pod has the host's own network",
	 "Every address, port and local service of the host answers; no name, no rule of requests "
	 "and no secret's binding holds.",
	 "network.mode: Isolated, with the names it needs in network.dns.allow",
	 ".network.mode == \"Unsafe\""},
	{"N-03", HIGH, "names are open unless they are denied",
	 "Any name can carry data out: a list of bad names never has the next one.",
	 "network.dns.mode: Allowlist",
	 "has_net and (.network.dns.mode | . == \"Denylist\" or . == \"Monitor\")"},
	{"N-07", HIGH, "the list of denied names is empty",
	 "A Denylist that denies nothing is an open network.",
	 "network.dns.mode: Allowlist, or fill network.dns.deny",
	 "has_net and .network.dns.mode == \"Denylist\" and (some(denies) | not)"},
	{"N-08", HIGH, "an allowed pattern is a whole top-level domain or more",
	 "Anybody can register a name below it, and the agent can talk to it.", "name the hosts",
	 "allows | sub(\":.*\"; \"\") | select(test(\"^[*]{1,2}([.][^.]+|[.](co|com|org|net|ac|gov|edu)[.][a-z]{2})?$\"))"},
	{"N-09", HIGH, "a wide network is open without a name",
	 "Addresses of cidr_allow are reached past the names: whoever rents one of them is reached as "
	 "well.",
	 "narrow network.cidr_allow to the machines that are meant, or allow their names",
	 ".network.cidr_allow[]? | select(if contains(\":\") then width < 48 else width < 16 end)"},
	{"N-10", MEDIUM, "private addresses are open",
	 "Printers, routers, databases and metadata services trust whoever comes from inside.",
	 "remove them from network.cidr_allow, or narrow them to one machine and use network.http",
	 ".network.cidr_allow[]? | select(private)"},
	{"N-11", LOW, "a name is answered with another address",
	 "What the agent believes to talk to is somebody else.",
	 "remove network.dns.remap once it is not needed",
	 "((.network.dns.remap // {} | keys[]), .live.dns.remap[]?.name)"},
	{"N-04", LOW, "ports are open on all the host's addresses",
	 "Others in the network reach what the agent serves.",
	 "network.ports instead: the host's loopback alone", "publics"},
	{"N-05", MEDIUM, "runs are the pod's root",
	 "It may change everything in the pod, what the next run executes too, and has the kernel's "
	 "bigger surface for attacks; rules of the network and raw sockets are out of its reach.",
	 "leave `user` out (you), or user: agent", ".user == \"root\" or .user == \"0\""},
	{"S-03", HIGH, "the system call filter is the browsers'",
	 "New user, pid and network namespaces can be made: most kernel holes of late began there.",
	 "security.seccomp_profile: default", ".security.seccomp_profile == \"browser\""},
	{"S-04", CRITICAL, "there is no system call filter",
	 "Every system call of this kernel can be attacked.", "security.seccomp_profile: default",
	 ".security.seccomp_profile == \"none\""},
	{"S-05", LOW, "the system call filter is one of your own", "Nobody but you looked at it.",
	 "compare it with share/seccomp/default.json",
	 ".security.seccomp_profile | strings | select(startswith(\"/\"))"},
	{"P-03", MEDIUM, "processes of the pod can trace each other, and sandboxes in it",
	 "With namespaces of their own, ptrace reaches what a browser's sandbox meant to shut in.",
	 "security.seccomp_profile: default or strict", ".security.seccomp_profile == \"browser\""},
	{"F-01", HIGH, "a directory of the host can be written directly",
	 "What is written there is not reviewed, and not undone.",
	 "cow: yes in the place of permissions: ReadWrite", "mounts | select(is_rw) | .path"},
	{"F-02", CRITICAL, "a directory that the host lives by can be written directly",
	 "Whoever writes there executes on the host: start-up files, programs, keys.",
	 "cow: yes, or mount the one directory that is needed",
	 ".owner.home as $home | mounts | select(is_rw) | .path | select(is_vital($home))"},
	{"F-03", CRITICAL, "a socket of the host's services is brought in",
	 "Who talks to it acts as that service: docker.sock is root on the host, agents sign with your "
	 "keys. Read-only makes no difference to a socket.",
	 "remove the mount",
	 "[mounts | .path, .target] | unique[] | select(test(\"" SOCKETS "\"))"},
	{"F-04", HIGH, "a hidden secret is shown",
	 "What the masks hide is hidden because it is a key.",
	 "remove it from filesystem.reveal; a vault binding gives the agent use of a key without it",
	 ".filesystem.reveal[]? | select(is_secret)"},
	{"F-05", CRITICAL, "system directories are committed",
	 "The agent's programs become the host's.", "filesystem.system_access: safe",
	 ".filesystem.system_access == \"dangerous\""},
	{"F-06", LOW, "system directories can be changed in the pod",
	 "Later runs execute what an earlier one left there.", "filesystem.system_access: safe",
	 ".filesystem.system_access == \"advanced\""},
	{"F-07", LOW, "hidden paths are shown", "They are hidden for a reason.",
	 "remove them from filesystem.reveal", ".filesystem.reveal[]? | select(is_secret | not)"},
	{"E-01", HIGH, "devices of the host are brought in",
	 "A driver is kernel code that was never meant for strangers.",
	 "remove them from devices.extra and devices.plugins",
	 ".devices.extra[]?, (.devices.plugins[]? | select(startswith(\"null\") | not))"},
	{"H-01", MEDIUM, "your own settings and directories are brought in",
	 "They name hosts, accounts and habits, and what lies in them can be read.",
	 "host_user.clone_host: no, or fewer host_user.dirs", ".host_user.clone_host == true"},
	{"H-02", HIGH, "host_user.exclude lets keys through",
	 "The list stands in the place of the usual one; the masks still hide what they know.",
	 "name .ssh, .gnupg and .aws in host_user.exclude as well",
	 ". as $p | select(.host_user.clone_host) | (\".ssh\", \".gnupg\", \".aws\") | . as $d | select($p.host_user.exclude "
	 "// [] | any(endswith(\"/\" + $d)) | not)"},
	{"T-01", HIGH, "set-up runs what the network sends",
	 "Whoever owns that host, or the way to it, runs code as the pod's root.",
	 "download, check its digest, then run it",
	 "steps | select(test(\"(curl|wget|fetch)[^;&]*\\\\|\\\\s*(sudo\\\\s+)?(env\\\\s+\\\\S+\\\\s+)?(/\\\\S*/)?(ba|da|z|k|fi)?sh\\\\b|"
	 "(curl|wget)[^;&]*\\\\|\\\\s*(sudo\\\\s+)?(python|perl|node|ruby)|(<\\\\(|\\\\$\\\\(|`)\\\\s*(curl|wget)\"))"},
	{"T-02", MEDIUM, "set-up turns verification off",
	 "A package that nobody signed is anybody's.", "mend the certificate or the key instead",
	 "steps | select(test(\"--allow-unauthenticated|trusted=yes|--trusted-host|--no-check-certificate|curl\\\\s[^|;]*(-k\\\\b|"
	 "--insecure)|strict-ssl\\\\s*=?\\\\s*false|sslverify\\\\s*=?\\\\s*false|--nogpgcheck\"; \"i\"))"},
	{"V-01", MEDIUM, "secrets are bound, and nothing puts them in",
	 "vault.proxy: no leaves the bindings without effect.", "vault.proxy: yes",
	 ".vault.proxy == false and some(bindings)"},
	{"V-04", HIGH, "a secret goes to every host below a domain",
	 "One host there that the agent can make echo or relay is enough to learn it.",
	 "bind it to the host's whole name",
	 "bindings | select(.wide) | \"\\(.key) for \\(.domain)\""},
	{"V-05", LOW, "a secret serves every request to its host",
	 "The agent can do with it whatever its owner may.",
	 "methods and paths in the binding, and a key that may do less",
	 "bindings | select((.methods // [] | length) == 0 and (.paths // [] | length) == 0) | \"\\(.key) for \\(.domain)\""},
	{"V-06", MEDIUM, "runs get secrets as they are",
	 "A process that holds a secret can write it anywhere it may write.",
	 "vault.bindings where the secret is for a host", ".vault.env[]? | .key"},
	{"V-07", LOW, "a stolen dummy raises an alert and nothing else",
	 "Whoever sends it elsewhere has begun to exfiltrate.", "vault.canary: freeze",
	 ".vault.canary == \"alert\" and some(bindings)"},
	{"D-01", HIGH, "other pods find a pod that has no wall",
	 "They reach the host's network through it.", "network.allow_discovery: no",
	 ".network.allow_discovery and .network.mode == \"Unsafe\""},
	{"D-02", MEDIUM, "the pod may find every other pod", "One bad pod is then next to all.",
	 "name the pods in network.allow_pods", "some(.network.allow_pods[]? == \"*\")"},
	{"W-01", MEDIUM, "the desktop is served by a web page",
	 "Who has its address and password has the pod.", "web_display.type: none",
	 ".web_display.type == \"novnc\""},
	{"W-02", HIGH, "the desktop's port is open on all the host's addresses",
	 "Others in the network reach the login.",
	 "network.ports instead of network.public_ports, and a tunnel",
	 "(.web_display.port // 6080 | tostring) as $p | select(.web_display.type != \"none\") | publics | select(test(\":\" + $p + "
	 "\"(/|$)\"))"},
	{"W-03", LOW, "the desktop is served by WebRTC", "It opens UDP ports for its own.",
	 "web_display.type: novnc", ".web_display.type == \"webrtc\""},
	{"I-04", MEDIUM, "the pod draws on your display",
	 "It can imitate other windows; compositors of the wlroots family let every client see the "
	 "screen and type, too.",
	 "devices.display_protocol: x11, a screen of its own",
	 ".devices.display == true and .devices.display_protocol == \"wayland\""},
	{"I-04", CRITICAL, "the pod may be a client of your X server",
	 "Every X client reads all keys and all windows.",
	 "devices.display_protocol: x11, a screen of its own",
	 ".devices.plugins // [] | any(.[]; startswith(\"display-x11\"))"},
	{"I-05", MEDIUM, "the pod plays through your PipeWire", "It may also hear.",
	 "devices.audio: no", ".devices.audio == true and .devices.audio_protocol == \"pipewire\""},
	{"I-05", HIGH, "the pod is a client of your PulseAudio",
	 "Clients record the microphone and other programs, and load modules.",
	 "devices.audio_protocol: pipewire",
	 ".devices.audio == true and .devices.audio_protocol != \"pipewire\""},
	{"I-06", LOW, "the pod uses the graphics card",
	 "Its driver is a large surface, and its memory is shared.", "devices.gpu: no",
	 ".devices.gpu | . == true or type == \"string\" or (type == \"array\" and length > 0)"},
	{"A-01", MEDIUM, "runs leave no record", "Nobody can say afterwards what ran.",
	 "audit.action_log: yes", ".audit.action_log == false"},
	{"A-02", MEDIUM, "the pod can be commanded over the network",
	 "Who reaches that port may freeze, kill and widen it.", "remote.enabled: no",
	 ".remote.enabled or .remote.expose_service"},
	{"A-03", LOW, "the owner approves what the owner's agent asks",
	 "One stolen session is enough for both.", "approvers, and queue.separate: yes",
	 ".queue.socket == true and .queue.separate == false"},
	{"C-01", MEDIUM, "memory has no limit", "One run can make the host swap or kill.",
	 "processor.memory", ".processor.memory == null"},
	{"C-02", MEDIUM, "processor time has no limit", "The pod takes what there is.",
	 "processor.cores", ".processor.cores == null"},
	{"C-03", MEDIUM, "the number of processes has no limit",
	 "A fork bomb takes the host's process table.", "processor.max_pids",
	 ".processor.max_pids == null"},
	{"C-04", LOW, "what the pod writes has no limit",
	 "It can fill the disk; at a limit it is told ENOSPC on xfs, EDQUOT on ext4.",
	 "processor.disk_size or budget.max_storage",
	 ".processor.disk_size == null and .budget.max_storage == null"},
	{"C-05", LOW, "the pod may run for ever", "A forgotten agent goes on, and spends.",
	 "budget.max_duration", ".budget.max_duration == null"},
	{"R-01", LOW, "runs leave no snapshot",
	 "One bad run cannot be told from the good one before it.", "snapshots.auto_on_run: yes",
	 ".snapshots.auto_on_run == false"},
};
const size_t nweaknesses = sizeof(weaknesses) / sizeof(weaknesses[0]);

/* One program for all: an array with, for each row, the array of what it yields. */
static void write_program(struct buf *b)
{
	buf_str(b, prelude);
	buf_str(b, ". as $pod | [");
	for (size_t i = 0; i < nweaknesses; i++)
		buf_fmt(b, "%s[$pod | (%s) | select(. != false and . != null)]", i ? "," : "",
			weaknesses[i].when);
	buf_str(b, "]");
}

static void keep_message(void *to, jv message)
{
	jv text = jq_format_error(message);

	if (jv_get_kind(text) == JV_KIND_STRING && !((struct err *)to)->code)
		err_set(to, ERR_PLAIN, "look for findings: %s", esc(jv_string_value(text)));
	jv_free(text);
}

/* The answer of the program; invalid, with e set, where it fails. */
static jv ask(jv pod, struct err *e)
{
	OWN_BUF struct buf program = BUF_INIT;
	jq_state *jq = jq_init();
	jv answer = jv_invalid();

	write_program(&program);
	if (jq)
		jq_set_error_cb(jq, keep_message, e);
	if (jq && jq_compile(jq, program.data)) {
		jq_start(jq, pod, 0);
		answer = jq_next(jq);
	} else {
		jv_free(pod);
	}
	if (jv_get_kind(answer) == JV_KIND_INVALID && jv_invalid_has_msg(jv_copy(answer)))
		keep_message(e, jv_invalid_get_msg(jv_copy(answer)));
	if (jq)
		jq_teardown(&jq);
	return answer;
}

int findings_each(jv pod, void (*told)(void *to, const struct weakness *w, jv evidence), void *to,
		  struct err *e)
{
	jv answer = ask(pod, e);

	if (jv_get_kind(answer) != JV_KIND_ARRAY) {
		jv_free(answer);
		return e->code ? -e->code : err_set(e, ERR_PLAIN, "look for findings: no answer");
	}
	for (size_t i = 0; i < nweaknesses; i++) {
		jv evidence = jv_array_get(jv_copy(answer), (int)i);

		if (jv_array_length(jv_copy(evidence)) > 0)
			told(to, &weaknesses[i], evidence);
		else
			jv_free(evidence);
	}
	jv_free(answer);
	return 0;
}
