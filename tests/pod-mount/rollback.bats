load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

@test "all that diff lists is dropped; the host is not touched; the agent's work is kept in undo" {
	hashes "$T/proj" >"$T/before"
	host_hashes >"$T/want"
	agent 'echo x >>src/one; rm src/two; mkdir -p n/deep; echo y >n/deep/f; chmod 700 tests; ln -s a l; mv tests/old_test.py t.py'
	pod_rollback web | lines "Rolled back 6 file(s)."
	hashes "$T/proj" | diff "$T/before" -
	view_hashes | diff "$T/want" -
	[ -z "$(pod_diff web)$(in_layers)" ]
	cat "$(undo_dirs)"/new/*/deep/f | lines y
	tail -1 "$(undo_dirs)/journal" | lines "done"
	pod_rollback web | lines "Nothing to roll back."
}

@test "some of it: files, prefixes, patterns, lists" {
	agent 'mkdir a b; for d in a b; do echo 1 >$d/x.c; echo 2 >$d/y.h; done; echo z >>src/one; rm src/two'
	pod_rollback web a/x.c | lines "Rolled back 1 file(s)."
	pod_rollback web '*/*.h' | lines "Rolled back 2 file(s)."
	printf '%s\n' "$T/proj/src/two" | pod_rollback --stdin web | lines "Rolled back 1 file(s)."
	pod_diff web | lines "A  a/
A  b/x.c
M  src/one"
	pod_rollback web src
	pod_diff web | lines "A  a/
A  b/x.c"
	expect 2 pod-mount rollback --cwd "$T/proj" web nothing
}

@test "through several runs: the host's version comes back, not the agent's older one" {
	agent 'echo 1 >src/one; echo 1 >new; rm src/two'
	agent 'echo 2 >src/one; echo 2 >new; echo back >src/two'
	agent 'rm new src/one'
	pod_rollback web src/one new src/two || pod_rollback web src
	[ -z "$(pod_diff web)" ]
	agent '[ "$(cat src/one src/two)" = "one
two" ] && [ ! -e new ]'
}

@test "part of a deleted directory comes back, part of a replaced one, part of a moved one" {
	mkdir -p del repl mov/deep
	for d in del repl mov; do echo a >$d/a; echo b >$d/b; done
	echo c >mov/deep/c
	agent 'rm -r del repl; mkdir repl; echo new >repl/a; echo add >repl/add; mv mov moved; echo more >>moved/a'
	pod_rollback web del/a repl/b moved/deep | lines "Rolled back 3 file(s)."
	pod_diff web | lines "D  del/b
D  mov/a
D  mov/b
D  mov/deep/c
A  moved/a
A  moved/b
M  repl/a
A  repl/add"
	agent '[ -e del/a ] && [ ! -e del/b ] && [ "$(cat repl/b)" = b ] && [ "$(cat moved/a)" = "a
more" ] && [ ! -e moved/deep ] && [ ! -e mov ]'
	pod_rollback web mov
	agent '[ "$(cat mov/deep/c)" = c ] && [ -e moved/b ]'
	pod_rollback web
	[ -z "$(pod_diff web)" ]
}

@test "what setup installed stays, also under what the agent made of it" {
	agent 'echo setup >tool; echo setup >src/one'
	pod-mount seal web setup
	agent 'echo agent >tool; echo agent >src/one; rm tests/old_test.py'
	pod_rollback web | lines "Rolled back 3 file(s)."
	agent '[ "$(cat tool src/one)" = "setup
setup" ]'
	pod_rollback --setup web | lines "Rolled back 2 file(s)."
	agent '[ ! -e tool ] && [ "$(cat src/one)" = one ]'
}

@test "recorded, with the undo record it names" {
	agent 'echo x >a'
	pod_rollback web
	[ "$(events 'select(.event == "rollback") | .undo')" = "$(basename "$(undo_dirs)")" ]
	events 'select(.event == "rollback") | .paths[]' | lines "$T/proj/a"
}

@test "a moved directory that is deeper than any path: rolled back all the same" {
	agent 'perl -e "mkdir q{deep}; chdir q{deep}; mkdir q{d}, chdir q{d} for 1..12000"'
	agent 'mv deep moved; echo e >>src/one'
	pod_rollback web
	[ -z "$(pod_diff web)" ]
}

@test "a directory of which one was moved out before: that one keeps what is in it" {
	agent 'mkdir -p n/in/deep; echo f >n/in/deep/f; echo g >n/in/g'
	agent 'mv n/in/deep kept; rm n/in/g'
	agent true
	pod_diff --no-fold web | lines "A  kept/f
A  n/in/"
	pod_rollback web n/in
	agent '[ "$(cat kept/f)" = f ] && [ -d n ] && [ ! -e n/in ]'
	agent 'mkdir -p m/in/deep; echo f >m/in/deep/f'
	agent 'mv m/in/deep kept2; rmdir m/in'
	pod_rollback web m
	agent '[ "$(cat kept2/f kept/f)" = "f
f" ]'
	pod_commit web
	[ "$(cat kept/f kept2/f)" = "f
f" ]
}
