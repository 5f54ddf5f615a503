# The EXAMPLES of every page are typed, as they stand there, where a reader would: in a project of
# one's own, with a pod called web that is up.
load ../lib/envpod
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	export EDITOR=true
	need root overlay userns
	mkdir "$T/home" "$T/home/proj" "$T/home/proj/src"
	cd "$T/home/proj"
	git init -q .
	printf 'test:\n\techo pass >>src/main.c\n\techo x >out\n' >Makefile
	echo main >src/main.c
	printf 'network: {mode: None}\nfilesystem: {mount_cwd: true}\nprocessor: {memory: 1GB}\n' | tee pod.yaml >"$T/web.yaml"
}
teardown() { envpod_teardown; }

# examples PAGE: its examples, each ended by NUL; prompts are taken off.
examples()
{
	mandoc -T ascii -O width=1000 "$TOP/man/$1" | col -bx |
		awk '/^EXAMPLES/ { on = 1; next } /^[A-Z]/ { on = 0 }
		!on { next }
		/^       / { sub(/^       +[$#] /, ""); sub(/^           ?/, ""); text = text $0 "\n"; next }
		text != "" { printf "%s%c", text, 0; text = "" }
		END { if (text != "") printf "%s%c", text, 0 }'
}

# What cannot be typed in a test: it needs the Internet, another machine or a person, or is a picture of a file.
untyped='^pod-audio serve|^pod-web (link|revoke)|^pod-display |apt-get install|--new-passphrase|^ssh |^envpod-[a-z]+ 1 |^[][{]|^ *.params'

# type_all PAGE: each with pipefail, and all must say 0.
type_all()
{
	local text n=0
	while IFS= read -r -d '' text; do
		grep -qE "$untyped" <<<"$text" && continue
		n=$((n + 1))
		bash -eo pipefail -c "$text" >"$T/said" 2>&1 </dev/null 3>&- || {
			printf 'status %s from:\n%s\n' $? "$text"
			cat "$T/said"
			return 1
		}
	done < <(examples "$1")
	[ $n -gt 0 ]
}

with_web()
{
	envpod init -c "$T/web.yaml" web
	envpod start -w web
}

@test "envpod(1)" { with_web && type_all envpod.1; }
@test "pod-action(1)" { type_all pod-action.1; }
@test "pod-action-http(1)" {
	need netns
	export -f type_all examples
	env untyped="$untyped" unshare -n bash -c 'ip link set lo up; python3 -m http.server 80 >/dev/null 2>&1 3>&- & trap "kill $!" EXIT
		until curl -so/dev/null http://localhost/; do sleep 0.02; done; type_all pod-action-http.1'
}
@test "pod-audit(1)" { with_web && type_all pod-audit.1; }
@test "pod-config(1)" { with_web && type_all pod-config.1; }
@test "pod-exec(1)" { with_web && envpod stop -t 0 web && type_all pod-exec.1; }
@test "pod-limit(1)" { with_web && type_all pod-limit.1; }
@test "pod-plugin(1)" { with_web && type_all pod-plugin.1; }
@test "pod-budget(1)" { with_web && type_all pod-budget.1; }
@test "pod-mount(1)" { with_web && envpod stop -t 0 web && type_all pod-mount.1; }
@test "pod-monitor(1)" { with_web && type_all pod-monitor.1; }
@test "pod-net(1)" {
	printf 'network: {cidr_allow: [192.0.2.0/24]}\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	type_all pod-net.1
}
@test "pod-queue(1)" { with_web && envpod stop -t 0 web && type_all pod-queue.1; }
@test "pod-supervise(1)" { with_web && envpod stop -t 0 web && type_all pod-supervise.1; }
@test "pod-proxy(1)" { sed -i s/None/Isolated/ pod.yaml "$T/web.yaml"; with_web && envpod stop -t 0 web && type_all pod-proxy.1; }
@test "pod-vault(1)" {
	mkdir "$T/bin"
	printf '#!/bin/sh\necho a-secret-of-some-length\n' >"$T/bin/pass"
	chmod +x "$T/bin/pass"
	printf 'network: {dns: {allow: [api.example.com]}}\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	PATH=$T/bin:$PATH type_all pod-vault.1
}
@test "pod-dns(1)" { with_web && envpod stop -t 0 web && type_all pod-dns.1; }
@test "pod-trace(1)" { with_web && type_all pod-trace.1; }
@test "pod-screen(1)" { type_all pod-screen.1; }
@test "pod-probe(1)" { with_web && type_all pod-probe.1; }
@test "pod-mcp(1)" { type_all pod-mcp.1; }
@test "pod-upload(1)" { with_web && echo notes >notes.txt && type_all pod-upload.1; }
@test "pod-web(1)" { type_all pod-web.1; }
@test "pod-dash(1)" { type_all pod-dash.1; }
@test "envpod-event(5)" { with_web && type_all envpod-event.5; }
@test "envpod-audit(5)" { with_web && cd "$ENVPOD_STATE_DIR/pods/web" && type_all envpod-audit.5 && refute grep broken "$T/said"; }

@test "pod.yaml(5): its examples are pod files" {
	local text n=0
	while IFS= read -r -d '' text; do
		n=$((n + 1))
		pod-config check - <<<"$text" >"$T/said" 2>&1 || { echo "$text"; cat "$T/said"; return 1; }
	done < <(examples pod.yaml.5)
	[ $n -gt 1 ]
}

@test "envpod-monitor(5): its example is a file of rules" {
	pod-config monitor - < <(examples envpod-monitor.5 | tr '\0' '\n')
}

@test "envpod-screen(5): its example is a file of rules" {
	pod-screen check - < <(examples envpod-screen.5 | tr '\0' '\n')
}

@test "no page with examples is left out" {
	for page in "$TOP"/man/*.[1578]; do
		grep -q '^\.Sh EXAMPLES' "$page" || continue
		[ -n "$(examples "${page##*/}" | tr '\0' '\n' | grep -vE "$untyped")" ] || continue
		case ${page##*/} in
		envpod-action.5 | envpod-base.5 | envpod-journal.5 | envpod-mask.5 | envpod-monitor.5 | envpod-sample.5 | envpod-plan.5 | envpod-screen.5 | envpod-snapshot.5 | envpod-undo.5) continue ;; # pictures of files
		esac
		grep -qF "type_all ${page##*/}" "$BATS_TEST_FILENAME" || [ "${page##*/}" = pod.yaml.5 ] || { echo "not typed: $page"; false; }
	done
}
