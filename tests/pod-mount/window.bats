load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

# layer N: the id of the N-th layer of the stack, lowest first.
layer() { sed -n "$1s/ .*//p" "$ENVPOD_STATE_DIR/pods/web/stack"; }

three_runs()
{
	agent 'echo first >>src/one; echo new >a; rm src/two'
	agent 'echo second >>src/one; echo b >b; rm a; chmod 600 tests/old_test.py'
	agent 'mv src lib; echo third >>lib/one'
}

@test "one layer: held against the host with the layers below it" {
	three_runs
	pod_diff --layer "$(layer 1)" web | lines 'A  a
M  src/one
D  src/two'
	pod_diff --layer "$(layer 2)" web | lines 'D  a
A  b
M  src/one
M  tests/old_test.py  (mode 0644 -> 0600)'
	pod_diff --layer upper --patch -M web >"$T/p"
	grep -qx '+third' "$T/p"
	grep -qx ' second' "$T/p"
	grep -qx 'rename from src/one' "$T/p"
	# What the human does meanwhile is no conflict here: nothing is to be committed.
	echo human >src/one
	pod_diff --layer "$(layer 2)" web | grep -qx 'M  src/one'
}

@test "since a layer, until a layer, and between two" {
	three_runs
	pod_diff --since "$(layer 1)" web | lines 'D  a
A  b
A  lib/one
D  src/one
M  tests/old_test.py  (mode 0644 -> 0600)'
	pod_diff --until "$(layer 1)" web | lines 'A  a
M  src/one
D  src/two'
	pod_diff --since "$(layer 1)" --until "$(layer 2)" web >"$T/both"
	pod_diff --layer "$(layer 2)" web | diff - "$T/both"
	pod_diff --until upper web >"$T/all"
	pod_diff web | diff - "$T/all"
	[ -z "$(pod_diff --since upper web)" ]
}

@test "the patches of all layers, one after the other, make what the pod has" {
	perl "$TOP/tests/pod-mount/edits.pl" 1 make "$T/proj"
	for i in 1 2 3; do
		agent "perl '$TOP/tests/pod-mount/edits.pl' $i edit ."
	done
	cp -a "$T/proj" "$T/copy"
	for l in "$(layer 1)" "$(layer 2)" upper; do
		pod_diff --binary --layer "$l" web >"$T/p"
		[ -s "$T/p" ]
		(cd "$T/copy" && GIT_CEILING_DIRECTORIES=$T git apply "$T/p")
	done
	mkdir "$T/want"
	agent 'tar -cf - .' | tar -C "$T/want" -xf -
	(cd "$T/want" && find . -type f -exec sha256sum {} + | sort) >"$T/sums"
	(cd "$T/copy" && find . -type f -exec sha256sum {} + | sort) | diff "$T/sums" -
}

@test "owners, attributes and setup layers; names that are none" {
	agent 'chown 7:8 src/one; setfattr -n user.a -v x src/two'
	pod-mount seal web setup
	agent 'echo x >>src/one; chown 9:9 src/two'
	pod_diff --layer "$(layer 1)" web | lines 'M  src/one  (owner 0:0 -> 7:8)
M  src/two  (attributes)'
	pod_diff --since "$(layer 1)" web | lines 'M  src/one
M  src/two  (owner 0:0 -> 9:9)'
	expect 64 pod_diff --layer nonsense web
	expect 64 pod_diff --layer "$(layer 1)" --since upper web
	expect 64 pod_diff --since upper --until "$(layer 1)" web
	# The beginning of an id will do.
	pod_diff --layer "$(layer 1 | cut -c1-20)" web | grep -q src/one
}

@test "nothing stays mounted, and nothing is seen outside" {
	agent 'echo x >a'
	before=$(grep -F "$T" /proc/self/mountinfo)
	pod_diff --since upper web
	[ "$(grep -F "$T" /proc/self/mountinfo)" = "$before" ]
	ENVPOD_MOUNT_API=old pod_diff --layer upper web | lines 'A  a'
	[ "$(grep -F "$T" /proc/self/mountinfo)" = "$before" ]
}

@test "which run wrote it: command, person and time, layer by layer, through squash" {
	agent 'echo 1 >a'
	agent 'echo 2 >b; mkdir d; echo 3 >d/c'
	pod_diff --why web >"$T/out"
	grep -qE '^A  a  by [^ ]+, 20[0-9-]+ [0-9:]+ UTC: sh -c .*echo 1 >a$' "$T/out"
	grep -qE '^A  b  by .*echo 2 >b' "$T/out"
	pod_diff --json web a | jq -e '.runs | length == 1 and (.[0].command | endswith("echo 1 >a")) and .[0].time[0:2] == "20" and .[0].uid == 0'
	rm src/one src/two
	for i in $(seq 30); do agent "echo $i >n$i"; done
	[ "$(layers web)" -lt 20 ]
	pod_diff --json web a | jq -e '.runs | length == 10 and all(.command | startswith("sh"))'
	pod_diff --json web n30 | jq -e '.runs | length == 1 and (.[0].command | endswith("echo 30 >n30"))'
	pod_diff --why web a | grep -q 'by one of [0-9]* runs, last '
}

@test "a deleted directory: what was in it was deleted by the same run" {
	mkdir gone
	echo x >gone/f
	agent 'rm -r gone'
	agent true
	pod_diff --why web | grep -q '^D  gone/f  by .*rm -r gone$'
}
