load ../lib/envpod
load pod
load review
# Both sides changed: what is refused, and the ways to decide.
setup() { review_setup; }
teardown() { envpod_teardown; }

last() { undo_dirs | tail -1 | xargs basename; }
# refused WORDS...: status 3, and neither side changes.
refused()
{
	hashes "$T/proj" >"$T/host.before"
	expect 3 pod-mount commit --cwd "$T/proj" web "$@"
	hashes "$T/proj" | diff "$T/host.before" -
}

@test "work that spans several runs: edited, edited by the human, rewritten" {
	agent 'echo agent >>src/one'
	echo human >>src/one
	agent 'echo rewritten >tmp; mv tmp src/one'
	refused
	[[ $output == *"src/one changed on the host too; host: file of 10 bytes, changed "*" UTC; pod: file of 10 bytes"* ]]
	[[ $output == *"nothing was committed: 1 path refused"* ]]
}

@test "--partial: what does not conflict is committed, the rest is listed with both sides, status 3" {
	agent 'echo agent >>src/one; rm src/two; echo new >new; chmod 700 tests'
	echo human >>src/one
	expect 3 pod-mount commit --cwd "$T/proj" --partial --rollback-rest web
	[[ $output == *"Committed 2 file(s)."* ]]
	[[ $output == *"src/one changed on the host too; host: "*"; pod: "* ]]
	[[ $output == *"1 path was left out"* ]]
	[ ! -e src/two ] && [ -e new ] && [ "$(stat -c %a tests)" = 700 ]
	[ "$(tail -1 src/one)" = human ]
	pod_diff web | lines "M  src/one  [conflict]"
}

@test "--partial: what was left out is in conflict still, also in a directory that was committed" {
	local how
	for how in 'chmod 700 src' 'rm -r src; mkdir -m 700 src'; do
		echo one >src/one
		chmod 755 src
		tick
		agent "$how; echo agent >>src/one; echo x >>src/two"
		agent true
		echo human >>src/one
		expect 3 pod-mount commit --cwd "$T/proj" --partial web
		[ "$(stat -c %a src)" = 700 ]
		agent true
		pod_diff web | lines "M  src/one  [conflict]"
		refused
		# Nor does a rollback of the directory's mode alone forget it.
		agent 'chmod 711 src'
		agent true
		printf '%s\n' "$T/proj/src" | pod_rollback web --stdin
		pod_diff web | lines "M  src/one  [conflict]"
		pod_rollback web
	done
}

@test "after a directory that was made anew is committed, the human's later work in it is no conflict" {
	agent 'rm -r src; mkdir src; echo 1 >src/one'
	agent true
	pod_commit web
	echo human >src/new
	echo human >>src/one
	agent 'echo agent >>src/one; echo agent >>src/new'
	pod_diff web | lines "M  src/new
M  src/one"
	pod_commit web
}

@test "--partial: what needs what was left out is left out too" {
	agent 'rm src/one src/two; rmdir src; echo f >src; rm tests/old_test.py; mkdir tests/old_test.py; echo in >tests/old_test.py/in; echo ok >ok'
	echo human >>src/one
	echo human >>tests/old_test.py
	expect 3 pod-mount commit --cwd "$T/proj" --partial web
	[ -e ok ]
	[ "$(tail -1 src/one)" = human ] && [ -e src/two ]
	[ "$(tail -1 tests/old_test.py)" = human ]
	pod_diff web | grep -q 'T  src'
}

@test "--json: both sides, then the outcome" {
	agent 'echo agent >>src/one; rm src/two; echo pod >both; echo new >new'
	echo human >>src/one
	echo human >>src/two
	echo host >both
	pod_commit --partial --json web 2>/dev/null >"$T/out" || [ $? -eq 3 ]
	jq -r 'select(.refused) | [(.path | sub(".*/proj/"; "")), .refused, .conflict, .host.type, .host.size, .pod.type] | map(tostring) | join(" ")' "$T/out" | lines "both conflict unsure file 5 file
src/one conflict unsure file 10 file
src/two conflict unsure file 10 null"
	tail -1 "$T/out" | jq -c . | lines '{"committed":1,"rolled_back":0,"left_out":3}'
}

@test "--theirs: the pod's side wins, and undo restores the human's" {
	agent 'echo agent >src/one; rm src/two; echo agent >new; rm tests/old_test.py; mkdir tests/old_test.py; echo in >tests/old_test.py/in'
	echo human >>src/one
	echo human >>src/two
	echo human >new
	echo human >>tests/old_test.py
	host_hashes >"$T/human"
	view_hashes >"$T/view"
	refused
	pod_commit --theirs web
	host_hashes | diff "$T/view" -
	[ -z "$(pod_diff web)" ]
	pod-mount undo web "$(last)"
	host_hashes | diff "$T/human" -
	view_hashes | diff "$T/view" -
}

@test "--theirs: what vanished from the host is made again" {
	agent 'echo agent >>src/one'
	rm src/one
	refused
	[[ $output == *"host: deleted; pod: file"* ]]
	pod_commit --theirs web
	[ "$(tail -1 src/one)" = agent ]
	pod-mount undo web "$(last)"
	[ ! -e src/one ]
}

@test "--ours: the host's side wins, and undo brings the agent's back" {
	agent 'echo agent >>src/one; rm src/two; echo agent >new; echo fine >fine'
	echo human >>src/one
	echo human >>src/two
	pod_commit --ours web | lines "Committed 2 file(s). Kept the host's 2."
	[ "$(tail -1 src/one)$(tail -1 src/two)" = humanhuman ] && [ -e fine ]
	[ -z "$(pod_diff web)" ]
	agent '[ "$(tail -1 src/one)$(tail -1 src/two)" = humanhuman ]'
	pod-mount undo web "$(last)"
	agent '[ "$(tail -1 src/one)" = agent ] && [ ! -e src/two ]'
	refused src
	expect 64 pod-mount commit --ours --theirs web
}

@test "--ours in a deleted directory: what the human changed there stays, the rest goes" {
	mkdir -p d/e && echo a >d/a && echo b >d/e/b
	agent 'rm -r d'
	echo human >>d/a
	refused
	pod_commit --ours web
	[ "$(find d | LC_ALL=C sort | tr '\n' ' ')" = "d d/a " ]
	agent '[ "$(tail -1 d/a)" = human ] && [ ! -e d/e ]'
	[ -z "$(pod_diff web)" ]
}

@test "renamed directories: what the human changed under the old name is seen" {
	mkdir -p mov/deep && echo a >mov/a && echo c >mov/deep/c
	agent 'mv mov moved; echo more >>moved/a'
	echo human >>mov/deep/c
	refused
	[[ $output == *"mov/deep/c changed on the host too"* ]]
	expect 3 pod-mount commit --partial --cwd "$T/proj" web
	[ "$(tail -1 mov/deep/c)" = human ] && [ -e moved/a ] && [ ! -e mov/a ]
}

@test "the human renamed the directory the pod works in" {
	agent 'echo agent >>src/one; echo new >src/new'
	mv src lib
	refused src/one
	[[ $output == *"src/one changed on the host too; host: deleted"* ]]
	[ ! -e src ]
	pod_commit --theirs web
	[ "$(ls src | tr '\n' ' ')" = "new one " ] && [ "$(ls lib | tr '\n' ' ')" = "one two " ]
}

@test "types: file, directory and link against each other" {
	ln -s a link
	agent 'echo agent >>src/one; rm src/two; ln -s x src/two; rm link; echo file >link'
	rm src/one src/two link
	mkdir src/one && echo in >src/one/in
	mkdir src/two
	ln -s b link
	refused
	[ "$(grep -c 'changed on the host too' <<<"$output")" -eq 3 ]
	# A directory in which the human has something is never replaced.
	expect 3 pod-mount commit --theirs --cwd "$T/proj" web src/one
	[ -e src/one/in ]
	pod_commit --theirs web src/two link
	[ "$(readlink src/two)" = x ] && [ "$(cat link)" = file ]
	pod-mount undo web "$(last)"
	[ -d src/two ] && [ "$(readlink link)" = b ]
}

@test "mode, owner and attributes: a change of the human's to those counts as well" {
	agent 'echo agent >>src/one; echo agent >>src/two; chmod 700 tests; echo x >>.gitconfig'
	chmod 600 src/one
	chown 12:34 src/two
	chmod 711 tests
	refused
	[ "$(grep -c 'changed on the host too' <<<"$output")" -eq 3 ]
	pod_commit --theirs web src tests
	[ "$(stat -c %a tests)" = 700 ]
	pod-mount undo web "$(last)"
	[ "$(stat -c '%a %u:%g' src/one src/two tests | tr '\n' ' ')" = "600 0:0 644 12:34 711 0:0 " ]
}

@test "the same change on both sides is none" {
	agent 'echo same >>src/one; rm src/two; echo new >new'
	echo same >>src/one
	rm src/two
	echo new >new
	[ -z "$(pod_diff web)" ]
}

@test "hard links: other names of a file keep what they had, on either side" {
	ln src/one hard
	agent 'echo agent >>src/one; echo pair >p; ln p q'
	pod_commit web 2>"$T/err"
	grep -q 'src/one: its other names' "$T/err"
	[ "$(cat hard)" = one ] && [ "$(tail -1 src/one)" = agent ]
	[ "$(cat p q)" = "pair
pair" ] && [ "$(stat -c %h p)" = 1 ]
	pod-mount undo web "$(last)"
	[ src/one -ef hard ] && [ ! -e p ] && [ ! -e q ]
	agent '[ "$(cat p q src/one)" = "pair
pair
one
agent" ]'
}

@test "names that differ only in case are different names" {
	echo lower >readme
	agent 'echo upper >README'
	pod_commit web
	[ "$(cat readme README)" = "lower
upper" ]
	agent 'rm readme; echo 2 >>README'
	echo human >>readme
	refused
	[[ $output == *"readme changed on the host too"* ]]
	refute grep -q README <<<"$output"
}

@test "while the pod runs: --theirs and --partial work, --ours waits for its end" {
	agent 'echo agent >>src/one; echo fine >fine'
	come_alive
	echo human >>src/one
	expect 75 pod-mount commit --ours web
	pod_commit --partial web || [ $? -eq 3 ]
	[ -e fine ] && [ "$(tail -1 src/one)" = human ]
	pod_commit --theirs web
	[ "$(tail -1 src/one)" = agent ]
	die_again
	agent true
	[ -z "$(pod_diff web)" ]
}

# numbered FILE: ten lines to change far apart from each other.
numbered() { seq 10 | sed 's/^/line /' >"$1"; }

@test "--merge: two pods changed the same file; the first one's commit keeps what both began with" {
	numbered text
	pod other
	agent 'sed -i "s/line 2/agent 2/" text; echo 10 >>src/two'
	pod-mount enter -w "$T/proj" other -- sh -c "sed -i 's/line 9/other 9/' './$T/proj/text'"
	pod-mount commit --cwd "$T/proj" other
	echo human >>text
	refused text
	pod_commit --merge web | lines "Committed 2 file(s)."
	diff - text < <(seq 10 | sed 's/^/line /; s/line 2/agent 2/; s/line 9/other 9/'; echo human)
	[ -z "$(pod_diff web)" ]
	agent '[ "$(tail -1 text)" = human ]'
	pod-mount undo web "$(last)"
	diff - text < <(seq 10 | sed 's/^/line /; s/line 9/other 9/'; echo human)
	pod_diff --stat web text | grep -q '2 +-'
	pod_commit web
	[ "$(sed -n 2p text)" = "agent 2" ]
}

@test "--merge: the same lines are a conflict still; --markers marks it" {
	numbered text
	pod other
	agent 'sed -i "s/line 2/agent 2/" text'
	pod-mount enter -w "$T/proj" other -- sh -c "sed -i 's/line 2/other 2/' './$T/proj/text'"
	pod-mount commit --cwd "$T/proj" other
	refused --merge
	pod_commit --merge --markers web 2>"$T/err"
	grep -q 'text: 1 conflict marked' "$T/err"
	sed -n 2,6p text | lines "<<<<<<< host
other 2
=======
agent 2
>>>>>>> web"
	expect 64 pod-mount commit --markers web
}

@test "--merge: nothing to merge by, a binary, a removed file stay conflicts" {
	numbered text
	printf 'a\0b' >bin
	agent 'echo agent >>text; printf x >>bin; echo x >>src/one'
	echo human >>text
	printf h >>bin
	rm src/one
	refused --merge
	[ "$(grep -c 'changed on the host too' <<<"$output")" -eq 3 ]
	come_alive
	expect 75 pod-mount commit --merge web
	die_again
}

# The human, who owns the project and its repository.
human() { setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/nonexistent "$@"; }

# A repository of the human's, the agent's change in a closed layer, the human's after it.
in_git()
{
	need git
	again_with 'user: root'
	numbered text
	chown -R 1000:1000 "$T/proj"
	human git init -q .
	human git add text
	human git -c user.name=h -c user.email=h@localhost commit -qm first
	printf '#!/bin/sh\nid -u >>"%s"\n' "$T/ran" >"$T/evil"
	chmod 755 "$T/evil"
	: >"$T/ran"
	chmod 666 "$T/ran"
	agent 'sed -i "s/line 2/agent 2/" text'
	agent true
	human sed -i 's/line 9/human 9/' text
}
have_git() { command -v git >/dev/null; }

@test "--merge: git's index vouches for what both began with" {
	in_git
	refused text
	# Nothing that the repository could bring along is run.
	human git config core.fsmonitor "$T/evil"
	human git config core.hooksPath "$T"
	human git config filter.evil.smudge "$T/evil"
	human git config diff.evil.textconv "$T/evil"
	echo 'text filter=evil diff=evil' | human tee .git/info/attributes >/dev/null
	human git ls-files -m >/dev/null 2>&1
	[ -s "$T/ran" ]
	: >"$T/ran"
	pod_commit --merge web text
	diff - text < <(seq 10 | sed 's/^/line /; s/line 2/agent 2/; s/line 9/human 9/')
	[ "$(stat -c %u text)" = 1000 ]
	[ ! -s "$T/ran" ]
}

@test "--merge: before the layer is closed, too, where diff saw what the view began with" {
	in_git
	human git checkout -q text
	human git add text # its stat data
	pod_rollback web >/dev/null
	agent 'sed -i "s/line 2/agent 2/" text'
	[ "$(pod_diff web)" = 'M  text' ]
	human sed -i 's/line 9/human 9/' text
	[ "$(pod_diff web)" = 'M  text  [conflict]' ]
	pod-mount show --cwd "$T/proj" --base web text | diff - <(seq 10 | sed 's/^/line /')
	pod_commit --merge web text
	diff - text < <(seq 10 | sed 's/^/line /; s/line 2/agent 2/; s/line 9/human 9/')
}

@test "--merge: who saw nothing knows nothing; nor what an earlier view saw" {
	in_git
	human git checkout -q text
	human git add text
	pod_rollback web >/dev/null
	agent 'sed -i "s/line 2/agent 2/" text'
	human sed -i 's/line 9/human 9/' text
	refused --merge text
	[ "$(pod_diff web)" = 'M  text  [conflict]' ]
	refused --merge text
	expect 2 pod-mount show --cwd "$T/proj" --base web text
}

@test "--merge: git is not believed when its index knows another state of the file, nor run as root" {
	in_git
	human git add text
	refused --merge text
	chown -R 0:0 .
	refused --merge text
}
