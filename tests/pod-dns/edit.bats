#!/usr/bin/env bats
# pod-dns edit, and envpod dns: live changes of the policy.
load ../lib/envpod
load helper

ZONE=("www.example.com. 60 IN A 192.0.2.1" "api.example.com. 60 IN A 192.0.2.2" "example.com. 60 IN A 192.0.2.3"
	"a.b.example.com. 60 IN A 192.0.2.4")

setup()
{
	dns_setup
	upstream "${ZONE[@]}"
	POLICY=$ENVPOD_STATE_DIR/pods/web/policy/dns.json
}
teardown() { dns_teardown; }

start() { serve "allow: [www.example.com]
deny: [bad.example.com]
upstream: ['127.0.0.1#5300']"; }
decision() { pod-dns check -j web "$1" | jq -r .decision; }
is_address() { [ "$(addresses "$1")" = "$2" ]; }
is_refused() { [ "$(status_of "$1")" = NXDOMAIN ] && [ -z "$(addresses "$1")" ]; }

@test "--allow and --remove-allow hold at once, for a daemon that runs" {
	start
	is_refused api.example.com
	envpod dns web --allow api.example.com --allow '*.b.example.com'
	wait_for 2 is_address api.example.com 192.0.2.2
	is_address a.b.example.com 192.0.2.4
	envpod dns web --remove-allow api.example.com
	wait_for 2 is_refused api.example.com
	is_address a.b.example.com 192.0.2.4
}

@test "--deny wins over the pod file's allow; --remove-deny gives it back" {
	start
	is_address www.example.com 192.0.2.1
	envpod dns web --deny '**.example.com'
	wait_for 2 is_refused www.example.com
	envpod dns web --remove-deny '**.example.com'
	wait_for 2 is_address www.example.com 192.0.2.1
}

@test "entries of the pod file can be taken back, and given again" {
	start
	envpod dns web --remove-allow www.example.com
	wait_for 2 is_refused www.example.com
	jq -e '.remove_allow == [{"name":"www.example.com"}]' "$POLICY"
	envpod dns web --allow www.example.com
	wait_for 2 is_address www.example.com 192.0.2.1
	jq -e '.remove_allow == [] and .allow == []' "$POLICY"
	envpod dns web --remove-deny bad.example.com --allow bad.example.com
	[ "$(decision bad.example.com)" = allow ]
}

@test "--remap to an address and to a name, and back" {
	start
	envpod dns web --remap here.test=192.0.2.77 --remap there.test=www.example.com
	wait_for 2 is_address here.test 192.0.2.77
	[ "$(addresses there.test | tail -n1)" = 192.0.2.1 ]
	envpod dns web --remap here.test=192.0.2.78
	wait_for 2 is_address here.test 192.0.2.78
	envpod dns web --remove-remap here.test
	wait_for 2 is_refused here.test
}

@test "--for: an entry ends by itself" {
	start
	envpod dns web --allow api.example.com --for 2s
	wait_for 2 is_address api.example.com 192.0.2.2
	jq -e '.allow[0].until | test("Z$")' "$POLICY"
	wait_for 5 is_refused api.example.com
	expect 64 envpod dns web --allow api.example.com --for soon
	expect 64 envpod dns web --allow api.example.com --for 0
}

@test "changes outlive a restart of the daemon" {
	start
	envpod dns web --allow api.example.com
	kill "$DNS" && wait "$DNS"
	start_dns
	is_address api.example.com 192.0.2.2
}

@test "a broken file: the old rules stay, an event says why; a sound one is taken again" {
	start
	envpod dns web --allow api.example.com
	wait_for 2 is_address api.example.com 192.0.2.2
	cp -p "$POLICY" "$T/good"
	for bad in '' '{' '{"v":2}' '{"v":1,"allow":[{"name":"a..b"}]}' '{"v":1,"deni":[]}' '[]' '{"v":1,"remap":[{"name":"x.y"}]}'; do
		n=$(events '.event == "policy_refused"')
		printf '%s' "$bad" >"$POLICY"
		wait_for 2 more_than "$n"
		is_address api.example.com 192.0.2.2
	done
	event '.event == "policy_refused" and (.reason | test("dns.json:1"))'
	expect 78 envpod dns web --allow other.test
	cat "$T/good" >"$POLICY"
	wait_for 2 event '.event == "policy_loaded"'
	envpod dns web --remove-allow api.example.com
	wait_for 2 is_refused api.example.com
}
more_than() { [ "$(events '.event == "policy_refused"')" -gt "$1" ]; }

@test "all or nothing: one bad word leaves the file as it was" {
	start
	envpod dns web --allow api.example.com
	before=$(cat "$POLICY")
	expect 64 envpod dns web --allow good.test --allow 'a.*.b'
	expect 64 envpod dns web --deny good.test --remap x.test
	expect 64 envpod dns web --allow good.test:99999
	expect 2 envpod dns web --allow good.test --remove-allow never.test
	expect 64 envpod dns web
	[ "$(cat "$POLICY")" = "$before" ]
}

@test "what is still denied is said; a change is on record, synced, before it holds" {
	start
	run envpod dns web --allow bad.example.com
	[ "$status" = 0 ]
	grep -q 'still refused: deny bad.example.com' <<<"$output"
	pod-audit query -j --event policy_change web | jq -e 'select(.allow == ["bad.example.com"])'
}

@test "lists from files: a hundred thousand names, put in and taken for the same when put in again" {
	start
	{ echo '# a list'; awk 'BEGIN { for (i = 0; i < 100000; i++) print "h" i ".long-list.test" }'; echo '  spaced.test # why'; } >"$T/list"
	envpod dns web --allow-from "$T/list"
	[ "$(jq '.allow | length' "$POLICY")" = 100001 ]
	[ "$(decision h99999.long-list.test)" = allow ]
	[ "$(decision spaced.test)" = allow ]
	tail -n 50000 "$T/list" | envpod dns web --allow-from - --deny h5.long-list.test
	[ "$(jq '.allow | length' "$POLICY")" = 100001 ]
	allowed() { [ "$(status_of h77.long-list.test)" != "" ] && [ "$(status_of h5.long-list.test)" = NXDOMAIN ]; }
	wait_for 3 allowed
	echo 'bad..name' >>"$T/list"
	expect 64 envpod dns web --allow-from "$T/list"
	expect 2 envpod dns web --allow-from "$T/nosuch"
}

@test "many at once: nothing is lost" {
	local jobs=()
	start
	for i in 1 2 3 4 5 6 7 8; do
		envpod dns web --allow "n$i.test" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(jq '.allow | length' "$POLICY")" = 8 ]
}

@test "the file is the daemon's to read and nobody else's" {
	start
	envpod dns web --allow api.example.com
	uid=$(awk '/^Uid:/ { print $2 }' "/proc/$DNS/status")
	[ "$(stat -c '%a %u %g' "$POLICY")" = "640 0 $uid" ]
	[ "$(stat -c '%a %u %g' "${POLICY%/*}")" = "711 0 $uid" ]
}

last() { envpod undo web --json | jq -r .id | tail -n1; }

@test "undo takes an edit back, to the entry, and redoes it" {
	start
	envpod dns web --allow api.example.com
	wait_for 2 is_address api.example.com 192.0.2.2
	envpod undo web --json | jq -e '.what == "dns" and .detail == "+allow api.example.com"'
	envpod undo web "$(last)" | grep -q '^Undone: dns'
	wait_for 2 is_refused api.example.com
	envpod undo web "$(last)"
	wait_for 2 is_address api.example.com 192.0.2.2
}

@test "undo of an edit that replaced and removed entries: the file is as before, but for order" {
	start
	envpod dns web --allow api.example.com:22 --deny x.test --remap here.test=192.0.2.77
	envpod dns web --for 1h --allow timed.example.com
	jq -S 'map_values(if type == "array" then sort else . end)' "$POLICY" >"$T/before"
	envpod dns web --allow api.example.com:443 --remove-deny x.test --remap here.test=192.0.2.78 \
		--remove-allow www.example.com --remove-allow timed.example.com
	[ "$(decision www.example.com)" = deny ]
	envpod undo web "$(last)"
	jq -S 'map_values(if type == "array" then sort else . end)' "$POLICY" | diff "$T/before" -
	[ "$(decision www.example.com)" = allow ]
}

@test "undo leaves alone what was edited since: 3" {
	local id
	start
	envpod dns web --allow api.example.com --allow other.example.com
	id=$(last)
	envpod dns web --allow api.example.com:8080
	cp "$POLICY" "$T/before"
	expect 3 envpod undo web "$id"
	cmp "$POLICY" "$T/before"
	envpod dns web --deny other.example.com --remove-allow other.example.com
	expect 3 envpod undo web "$id"
	envpod dns web --allow api.example.com --allow api.example.com
	[ "$(envpod undo web --json | jq -s 'map(select(.undone == null)) | length')" = 4 ]
}

@test "an edit of very many entries is no record to take back, and says so" {
	start
	seq -f 'n%.0f.example.com' 300 | envpod dns web --allow-from -
	expect 3 envpod undo web "$(last)"
	[[ $output = *"more than 200 entries"* ]]
	envpod undo web --json | jq -e '.never | test("more than 200")'
}

@test "--reload has a running resolver read its names anew" {
	start
	loaded() { [ "$(grep -c '"policy_loaded"' "$T"/events "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl 2>/dev/null | awk -F: '{ n += $NF } END { print n + 0 }')" -gt "$1" ]; }
	envpod dns web --reload
	wait_for 2 loaded 0
}
