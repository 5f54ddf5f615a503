load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

pod_undo() { pod-mount undo --cwd "$T/proj" "$@"; }
# full DIR: everything there is to know of a tree.
full()
{
	(cd "${1:-$T/proj}" && find . -printf '%y %m %U:%G %T@ %s %p %l\n' | LC_ALL=C sort
	 find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	 find . -print0 | LC_ALL=C sort -z | xargs -0r getfattr -hd -m '^(user|system)\.' 2>/dev/null)
}
last() { undo_dirs | tail -1 | xargs basename; }

work='echo x >>src/one; rm src/two; mkdir -p n/deep; echo y >n/deep/f; chmod 700 tests; ln -s a l; rm tests/old_test.py; mkdir tests/old_test.py; echo in >tests/old_test.py/in'

@test "a commit: the host is exactly as before, and the pod has its changes again" {
	setfattr -n user.note -v keep src/two
	setfacl -m u:12345:r src/one
	chown 1234:4321 src/two
	chmod 6755 src/one
	touch -d 2001-02-03 src src/two tests tests/old_test.py
	agent "$work"
	full >"$T/before"
	pod_diff web >"$T/diff"
	view_hashes >"$T/view"
	pod_commit web
	[ -z "$(pod_diff web)" ]
	pod_undo web "$(last)" | grep -q '^Undone: commit of 5 file(s)'
	full | diff "$T/before" -
	pod_diff web | diff "$T/diff" -
	view_hashes | diff "$T/view" -
	pod_commit web
	host_hashes | diff "$T/view" -
}

@test "an undo can be undone, and that again" {
	agent "$work"
	host_hashes >"$T/old"
	view_hashes >"$T/new"
	pod_commit web
	pod_undo web "$(last)"
	host_hashes | diff "$T/old" -
	pod_undo web "$(last)"
	host_hashes | diff "$T/new" -
	[ -z "$(pod_diff web)" ]
	agent true
	[ -z "$(pod_diff web)$(in_layers)" ]
	pod_undo web "$(last)"
	host_hashes | diff "$T/old" -
	view_hashes | diff "$T/new" -
	expect 2 pod-mount undo web "$(undo_dirs | head -1 | xargs basename)"
	[[ $output == *"undid it already"* ]]
}

@test "a rollback: the agent's work is in the pod again, through several runs" {
	agent "$work"
	agent 'echo more >>n/deep/f; echo z >n/z; rm l; echo file >l; chmod 750 src'
	view_hashes >"$T/view"
	pod_diff web >"$T/diff"
	pod_rollback web
	[ -z "$(pod_diff web)" ]
	pod_undo web "$(last)" | grep -q '^Undone: rollback'
	pod_diff web | diff "$T/diff" -
	view_hashes | diff "$T/view" -
	pod_undo web "$(last)"
	[ -z "$(pod_diff web)" ]
	pod_undo web "$(last)"
	pod_diff web | diff "$T/diff" -
	pod_commit web
	host_hashes | diff "$T/view" -
}

@test "the list: oldest first, all kinds alike" {
	agent 'echo a >a; echo b >b'
	pod_commit web a --rollback-rest
	pod_undo web --json | jq -r '[.what, .files] | join(" ")' | lines "commit 1
rollback 1"
	pod_undo web "$(last)"
	pod_undo web --json | jq -r '[.what, .undoes == null, .undone == null] | join(" ")' | lines "commit true true
rollback true false
return false true"
	pod_undo web | tail -n +2 | awk '{print $3}' | lines "commit
rollback
undo"
}

@test "--all: everything that stands, the newest first" {
	host_hashes >"$T/old"
	agent 'echo 1 >>src/one; echo new >n'
	pod_commit web
	agent 'echo 2 >>src/one; rm n'
	pod_commit web
	agent 'echo 3 >>src/one; echo again >n'
	view_hashes >"$T/view"
	pod_commit web src
	pod_rollback web
	pod_undo web --all
	host_hashes | diff "$T/old" -
	view_hashes | diff "$T/view" -
	pod_undo web --all | lines "Nothing to undo."
}

@test "several commits of one file, all undone: what they made can be committed again, once" {
	agent 'mkdir n; echo 1 >n/f; echo 1 >>src/one; rm src/two'
	pod_commit web
	agent 'echo 2 >>n/f; echo 2 >>src/one; echo again >src/two'
	pod_commit web
	view_hashes >"$T/view"
	pod_undo web --all
	[ ! -e n ] && [ "$(cat src/one src/two)" = "one
two" ]
	pod_diff web | lines "A  n/f
M  src/one
M  src/two"
	agent true
	pod_commit web
	host_hashes | diff "$T/view" -
	[ -z "$(pod_diff web)" ]
	# What the human deletes afterwards is deleted, and what was undone before does not speak for it.
	agent 'echo 3 >>n/f'
	rm n/f
	expect 3 pod-mount commit --cwd "$T/proj" web
	pod_rollback web
	agent 'echo 1 >x'
	pod_commit web
	pod_undo web "$(last)"
	pod_rollback web
	echo human >x
	agent 'echo agent >>x'
	rm x
	expect 3 pod-mount commit --cwd "$T/proj" web
	[ ! -e n/f ] && [ ! -e x ]
}

@test "what came back and is then renamed with its directory stays the pod's" {
	agent 'mkdir -p src/d/k; echo x >src/d/f; echo y >src/d/k/g'
	pod_commit web
	pod_undo web "$(last)"
	agent 'mv src/d src/e'
	agent true
	agent '[ "$(cat src/e/f src/e/k/g)" = "x
y" ]'
	pod_diff --no-fold web | lines "A  src/e/f
A  src/e/k/g"
	pod_commit web
	[ "$(cat src/e/f src/e/k/g)" = "x
y" ]
}

@test "what the host changed since is refused with both sides; --force keeps it for another undo" {
	agent 'echo agent >>src/one; rm src/two; echo new >n'
	pod_commit web
	echo human >src/one
	echo human >src/two
	rm n
	expect 3 pod-mount undo --cwd "$T/proj" web "$(last)"
	[[ $output == *"src/one changed on the host since; host: file of 6 bytes, changed "*"; undo: file of 4 bytes"* ]]
	[[ $output == *"src/two is on the host again"* || $output == *"src/two changed on the host since"* ]]
	[[ $output == *"n was deleted on the host since; host: nothing"* ]]
	[ "$(cat src/one src/two)" = "human
human" ]
	pod_undo web --json "$(last)" 2>/dev/null | jq -r .path | sort | lines "$T/proj/n
$T/proj/src/one
$T/proj/src/two"
	pod_undo web --force "$(last)"
	[ "$(cat src/one src/two)" = "one
two" ]
	[ ! -e n ]
	pod_undo web "$(last)"
	[ "$(cat src/one src/two)" = "human
human" ]
}

@test "a later commit of the same file is undone first" {
	agent 'echo 1 >>src/one'
	pod_commit web
	first=$(last)
	agent 'echo 2 >>src/one'
	pod_commit web
	expect 3 pod-mount undo web "$first"
	[[ $output == *"was changed by $(last), which must be undone first"* ]]
	pod_undo web "$(last)"
	pod_undo web "$first"
	[ "$(cat src/one)" = one ]
	agent '[ "$(cat src/one)" = "one
1
2" ]'
}

@test "the pod's newer work is not overwritten" {
	agent 'echo agent >a; echo agent >b'
	pod_rollback web
	undo=$(last)
	agent 'echo newer >a'
	expect 3 pod-mount undo web "$undo"
	[[ $output == *"a: the pod has newer work there"* ]]
	pod_undo web --force "$undo"
	agent '[ "$(cat a b)" = "agent
agent" ]'
	agent 'echo agent >>src/one'
	pod_commit web src
	agent 'echo newest >>src/one'
	pod_undo web "$(last)"
	[ "$(cat src/one)" = one ]
	pod_diff web src | lines "M  src/one"
	agent '[ "$(tail -1 src/one)" = newest ]'
}

@test "what the human made in a directory of the commit's stays" {
	agent 'mkdir -p n; echo a >n/a'
	pod_commit web
	echo human >n/mine
	pod_undo web "$(last)" 2>"$T/err"
	grep -q 'n stays' "$T/err"
	[ "$(ls n)" = mine ]
	pod_diff web | lines "A  n/a"
	pod_commit web
	[ "$(ls n | tr '\n' ' ')" = "a mine " ]
}

@test "a dry run changes nothing" {
	agent "$work"
	pod_commit web
	full >"$T/now"
	pod_undo web -n "$(last)" | sort | lines "mode     tests
remove   l
remove   n
remove   n/deep
remove   n/deep/f
remove   tests/old_test.py/in
restore  src/one
restore  src/two
restore  tests/old_test.py"
	full | diff "$T/now" -
	[ "$(undo_dirs | wc -l)" -eq 1 ]
}

@test "while the pod runs: the host is restored at once, the pod's change is there again" {
	agent 'echo agent >>src/one; echo n >n'
	come_alive
	pod_commit web
	pod_undo web "$(last)"
	[ "$(cat src/one)" = one ]
	[ ! -e n ]
	pod_diff web | lines "A  n
M  src/one"
	die_again
	agent '[ "$(tail -1 src/one)" = agent ] && [ -e n ]'
	refute grep -q conflict <(pod_diff web)
	pod_commit web
	[ "$(tail -1 src/one)" = agent ]
}

@test "old records go: by age, and the oldest by size; the newest never; those taken back first" {
	again_with 'undo: {max_age: 1h, max_size: 1MB}'
	agent 'echo a >a'
	pod_commit web
	mv "$(undo_dirs)" "$ENVPOD_STATE_DIR/pods/web/undo/20010101T000000Z-1"
	agent 'head -c 700000 /dev/zero >big; head -c 700000 /dev/zero >b'
	pod_commit web big 2>"$T/err"
	grep -q '1 undo record of pod web' "$T/err"
	[ "$(undo_dirs | wc -l)" -eq 1 ]
	events 'select(.event == "undo_pruned") | .ids[]' | lines "20010101T000000Z-1"
	agent 'echo x >>big; echo x >>b'
	pod_commit web big b
	second=$(last)
	pod_commit web
	agent 'echo y >>big; rm b'
	pod_commit web big
	pod_commit web
	[ "$(undo_dirs | wc -l)" -lt 4 ]
	[ -e "$(undo_dirs | tail -1)/journal" ]
	pod-mount undo web "$(last)"
	[ -e b ]
	agent 'head -c 3000000 /dev/urandom >huge'
	pod_commit web
	rm -f huge && agent 'head -c 3000000 /dev/urandom >huge'
	pod_rollback web
	[ "$(undo_dirs | wc -l)" -eq 1 ]
	pod-mount undo web "$(last)"
	agent '[ "$(stat -c %s huge)" = 3000000 ]'
}

@test "what an operation that was taken back had touched can still be undone" {
	mkdir zdir && echo 1 >zdir/in
	agent 'echo agent >>src/one'
	pod_commit web
	agent 'echo more >>src/one; rm -r zdir; echo file >zdir'
	echo human >zdir/new
	expect 3 pod-mount commit --theirs --cwd "$T/proj" web
	agent true
	pod_undo web "$(last)"
	[ "$(cat src/one)" = one ]
}
