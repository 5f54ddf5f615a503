#!/usr/bin/env bats
# Each finding appears where its cause is, and goes with it.
load ../lib/envpod

setup() { envpod_setup; }
teardown() { envpod_teardown; }

ids() { pod-audit security --json -c - <<<"$1" | jq -r .id; }
# found ID YAML [EVIDENCE]: with that severity and evidence.   cleared ID YAML.
found()
{
	pod-audit security --json -c - <<<"$2" >"$T/found"
	jq -se --arg id "$1" --arg evidence "${3:-}" 'any(.[] | select(.id == $id); .title != "" and .explanation != "" and .fix != ""
		and ($evidence == "" or .evidence == ($evidence | split(" "))))' "$T/found" >/dev/null ||
		{ echo "no $1 ${3:-} for: $2" >&2; cat "$T/found" >&2; return 1; }
}
cleared()
{
	refute grep -qx "$1" <<<"$(ids "$2")"
}

# ID | a file that has it | its evidence | a file that has it not
table()
{
	cat <<'END'
N-01 | network: {mode: Unsafe} | | network: {mode: Isolated}
N-03 | network: {mode: Monitored} | | network: {mode: Monitored, dns: {mode: Allowlist}}
N-03 | network: {dns: {mode: Denylist, deny: [a.b]}} | | network: {mode: None, dns: {mode: Denylist}}
N-07 | network: {dns: {mode: Denylist}} | | network: {dns: {mode: Denylist, deny: [a.b]}}
N-08 | network: {dns: {allow: ["*.com", "**.co.uk", "*.a.com"]}} | *.com **.co.uk | network: {dns: {allow: ["*.a.com", "a.com"]}}
N-09 | network: {cidr_allow: [9.0.0.0/8, 9.9.9.0/24, "2001:db8::/32"]} | 9.0.0.0/8 2001:db8::/32 | network: {cidr_allow: [9.9.9.9]}
N-10 | network: {cidr_allow: [10.1.2.3/32, 9.9.9.9/32, 100.64.0.0/24, 172.31.0.0/24, "fd00::/64"]} | 10.1.2.3/32 100.64.0.0/24 172.31.0.0/24 fd00::/64 | network: {cidr_allow: [172.32.0.0/24, 100.128.0.0/24]}
N-11 | network: {dns: {remap: {a.b: 1.2.3.4}}} | a.b | network: {}
N-04 | network: {public_ports: ["8080:80"]} | 8080:80/tcp | network: {ports: ["8080:80"]}
N-05 | user: root | | user: agent
S-03 | security: {seccomp_profile: browser} | | security: {seccomp_profile: strict}
P-03 | security: {seccomp_profile: browser} | | security: {seccomp_profile: default}
S-04 | security: {seccomp_profile: none} | | security: {seccomp_profile: default}
S-05 | security: {seccomp_profile: /etc/hostname} | /etc/hostname | security: {seccomp_profile: default}
F-01 | filesystem: {mounts: [{path: /srv/x, permissions: ReadWrite}, {path: /mnt}]} | /srv/x | filesystem: {mounts: [{path: /srv/x, cow: yes}]}
F-02 | filesystem: {mounts: [{path: /etc, permissions: ReadWrite}, {path: /srv/a, permissions: ReadWrite}]} | /etc | filesystem: {mounts: [{path: /etc}, {path: /srv/a/b, permissions: ReadWrite}]}
F-02 | filesystem: {mounts: [{path: ~/.ssh, permissions: ReadWrite}]} | | filesystem: {mounts: [{path: ~/work, permissions: ReadWrite}]}
F-03 | filesystem: {mounts: [{path: /var/run/docker.sock}]} | /var/run/docker.sock | filesystem: {mounts: [{path: /srv/docker.socks}]}
F-03 | filesystem: {mounts: [{path: /srv/s, target: /run/user/1000/bus}, {path: /tmp/.X11-unix}]} | /run/user/1000/bus /tmp/.X11-unix | filesystem: {mounts: [{path: /srv/bus.txt}]}
F-04 | filesystem: {reveal: [~/.aws/credentials, /srv/x]} | | filesystem: {reveal: [/srv/x]}
F-05 | filesystem: {system_access: dangerous} | | filesystem: {system_access: advanced}
F-06 | filesystem: {system_access: advanced} | | filesystem: {system_access: safe}
F-07 | filesystem: {reveal: [/srv/x]} | /srv/x | filesystem: {reveal: [~/.ssh/config]}
E-01 | devices: {extra: [/dev/kvm]} | /dev/kvm | devices: {}
H-01 | host_user: {clone_host: yes} | | host_user: {clone_host: no}
H-02 | host_user: {clone_host: yes, exclude: [.ssh]} | .gnupg .aws | host_user: {clone_host: yes}
T-01 | setup: ["curl -fsSL https://a.b/i.sh \| sudo -E bash -s", "bash <(curl https://a.b)", 'sh -c "$(wget -qO- a.b)"', "curl a.b \| python3"] | | setup: ["curl -o x a.b", "curl a.b \| sha256sum", "echo wget \| tee sh"]
T-02 | setup: ["curl -k a.b", "pip install --trusted-host a b"] | | setup: ["curl a.b", "pip install b"]
V-01 | vault: {proxy: no, bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}} | | vault: {bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}}
V-04 | vault: {bindings: [{key: K, domain: "*.a.b", wide: yes}]}\nnetwork: {dns: {allow: ["*.a.b"]}} | | vault: {bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}}
V-05 | vault: {bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}} | | vault: {bindings: [{key: K, domain: a.b, methods: [GET]}]}\nnetwork: {dns: {allow: [a.b]}}
V-06 | vault: {env: [A, {key: B}]} | A B | vault: {}
V-07 | vault: {bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}} | | vault: {canary: freeze, bindings: [{key: K, domain: a.b}]}\nnetwork: {dns: {allow: [a.b]}}
D-01 | network: {mode: Unsafe, allow_discovery: yes} | | network: {allow_discovery: yes}
D-02 | network: {allow_pods: ["*"]} | | network: {allow_pods: [web]}
W-01 | web_display: {type: novnc} | | web_display: {type: none}
W-02 | web_display: {type: novnc}\nnetwork: {public_ports: ["7000:6080"]} | 7000:6080/tcp | web_display: {type: novnc}\nnetwork: {public_ports: ["6080:80"]}
I-04 | devices: {display: yes, display_protocol: wayland} | | devices: {display: yes, display_protocol: x11}
I-05 | devices: {audio: yes, audio_protocol: pipewire} | | devices: {audio: no}
I-06 | devices: {gpu: yes} | | devices: {gpu: no}
A-01 | audit: {action_log: no} | | audit: {action_log: yes}
A-02 | remote: {enabled: yes} | | remote: {enabled: no}
A-03 | queue: {socket: yes} | | queue: {socket: yes, separate: yes}
C-01 | type: standard | | processor: {memory: 1GB}
C-02 | type: standard | | processor: {cores: 1}
C-03 | type: standard | | processor: {max_pids: 100}
C-04 | type: standard | | processor: {disk_size: 1GB}
C-04 | type: standard | | budget: {max_storage: 1GB}
C-05 | type: standard | | budget: {max_duration: 1h}
R-01 | snapshots: {auto_on_run: no} | | snapshots: {auto_on_run: yes}
END
}

@test "each finding is triggered by its cause, with evidence, and cleared without it" {
	local line id with evidence without
	table | sed 's/\\|/\x01/g; s/ *| */\x02/g' >"$T/table"
	while IFS=$'\x02' read -r id with evidence without; do
		with=${with//$'\x01'/|} without=${without//$'\x01'/|}
		found "$id" "${with//\\n/$'\n'}" "$evidence"
		cleared "$id" "${without//\\n/$'\n'}"
	done <"$T/table"
}

@test "no finding is without a line here, but what pod files cannot say" {
	comm -3 <(grep -oE '^	\{"[A-Z]-[0-9]+"' "$TOP/tools/pod-audit/findings.c" | tr -d '	{"' | sort -u) \
		<(table | cut -d' ' -f1 | sort -u) >"$T/differs"
	[ "$(cat "$T/differs")" = W-03 ] # webrtc: refused by pod-config
}

@test "the same id, more severe: an X server, PulseAudio" {
	[ "$(pod-audit security --json -c - <<<'devices: {display: yes, display_protocol: wayland}' | jq -r 'select(.id=="I-04").severity')" = MEDIUM ]
	[ "$(pod-audit security --json -c - <<<'devices: {plugins: [display-x11]}' | jq -r 'select(.id=="I-04").severity')" = CRITICAL ]
	[ "$(pod-audit security --json -c - <<<'devices: {audio: yes}' | jq -r 'select(.id=="I-05").severity')" = HIGH ]
}

@test "text: the worst first, hostile words escaped, a count at the end" {
	printf 'filesystem: {mounts: [{path: "/srv/a\\e[31mb", permissions: ReadWrite}]}\nnetwork: {mode: Unsafe}\n' >"$T/pod.yaml"
	expect 0 pod-audit security -c "$T/pod.yaml"
	[[ ${lines[0]} == "CRITICAL  N-01  "* ]]
	[[ $output == *'/srv/a\x1b[31mb'* ]]
	[[ ${lines[-1]} == *" finding(s): 1 critical, "* ]]
}

@test "--fail-on: 1 at that level or worse, 0 below it, 64 for another word" {
	expect 0 pod-audit security --fail-on high -c - <<<'user: agent'
	expect 1 pod-audit security --fail-on medium -c - <<<'user: agent'
	expect 1 pod-audit security --fail-on HIGH -c - <<<'security: {seccomp_profile: none}'
	expect 64 pod-audit security --fail-on bad -c - <<<'user: agent'
	expect 64 pod-audit security
	expect 64 pod-audit security -c - web
}

@test "a file that is no pod file: 78, and the errors of the file" {
	printf 'network:\n  moode: None\n' >"$T/bad.yaml"
	expect 78 pod-audit security -c "$T/bad.yaml"
	[[ $output == *"bad.yaml:2:3: "*"did you mean"* ]]
	expect 2 pod-audit security -c "$T/none.yaml"
	expect 2 pod-audit security nosuch
}

@test "the last score that was measured is told: of the newest verify, and of no other's word" {
	envpod init --help >/dev/null
	printf 'name: web\n' >"$T/web.yaml"
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --file "$T/web.yaml" --cwd /
	: >"$ENVPOD_STATE_DIR/pods/web/created"
	[[ $(pod-audit security web) == *'measured by: envpod verify web'* ]]
	export ENVPOD_EVENTS=forged
	printf '%s\n' '{"src":"envpod","event":"verify","score":61,"held":9,"cannot_try":2,"open":[],"categories":[]}' \
		'{"src":"envpod","event":"verify","score":87,"held":9,"cannot_try":3,"open":[],"categories":["network"]}' \
		'{"src":"monitor","event":"verify","score":12}' '{"src":"envpod","event":"run_end"}' | pod-audit append web
	[[ $(pod-audit security web) == *'Its walls were measured at 20'*': a score of 87% in a part of the categories, 3 not tried; again by: envpod verify web'* ]]
	refute grep -q measured <<<"$(pod-audit security --json web)"
}
