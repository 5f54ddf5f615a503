#!/usr/bin/env bats
# pod-dns check: what would become of a name.
load ../lib/envpod

setup()
{
	envpod_setup
	need root
	printf 'network:\n  dns:\n    allow: ["**.example.com", "git.test:22"]\n    deny: ["*.bad.example.com"]\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	POLICY=$ENVPOD_STATE_DIR/pods/web/policy/dns.json
}
teardown() { envpod_teardown; }

rule() { pod-dns check -j web "$1" | jq -r .rule; }

@test "by the pod file: the most special entry is named, deny wins" {
	[ "$(rule a.example.com)" = "allow **.example.com" ]
	[ "$(rule a.bad.example.com)" = "deny *.bad.example.com" ]
	[ "$(rule bad.example.com)" = "allow **.example.com" ]
	[ "$(rule other.test)" = "mode allowlist" ]
}

@test "by what was said since: added, taken back, and over at a time" {
	pod-dns check web example.com
	cat >"$POLICY" <<-END
	{"v":1,"allow":[{"name":"late.test","until":"2020-01-01T00:00:00Z"},{"name":"soon.test","until":"2199-01-01T00:00:00Z"}],
	 "remap":[{"name":"x.test","to":"192.0.2.1"}],"remove_allow":[{"name":"git.test:22"}],"remove_deny":[{"name":"*.bad.example.com"}]}
	END
	[ "$(rule late.test)" = "mode allowlist" ]
	[ "$(rule soon.test)" = "allow soon.test" ]
	[ "$(rule x.test)" = "remap x.test" ]
	[ "$(rule git.test)" = "mode allowlist" ]
	[ "$(rule a.bad.example.com)" = "allow **.example.com" ]
}

@test "names of a hostile list do not reach the terminal raw" {
	printf 'a\033[31m.test\n' | pod-dns check --stdin web >"$T/said" || true
	refute grep -q $'\033' "$T/said"
}

@test "100000 names on standard input" {
	awk 'BEGIN { for (i = 0; i < 100000; i++) print "h" i ".example.com" }' >"$T/names"
	[ "$(pod-dns check --stdin -j web <"$T/names" | grep -c '"decision":"allow"')" = 100000 ]
}
