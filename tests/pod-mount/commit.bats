load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { die_again 2>/dev/null; envpod_teardown; }

@test "the seed's session: some committed, the rest dropped, all else untouched" {
	hashes "$T/proj" >"$T/before"
	agent 'echo x >>.gitconfig; echo u >src/utils.py; echo h >src/helper.py; rm tests/old_test.py
		mkdir node_modules; for i in $(seq 47); do echo $i >node_modules/f$i; done'
	[ "$(pod_commit web src/ --rollback-rest)" = "Committed 2 file(s). Rolled back 49." ]
	hashes "$T/proj" >"$T/after"
	diff "$T/before" "$T/after" | grep '^[<>] f' | lines "> f 644 0:0 ./src/helper.py 
> f 644 0:0 ./src/utils.py "
	[ "$(cat src/utils.py src/helper.py)" = "u
h" ]
	[ -z "$(pod_diff --all --no-fold web "$T/proj")" ]
	agent '[ ! -e node_modules ] && [ -e tests/old_test.py ] && [ -e src/helper.py ]'
	events 'select(.event == "commit") | .count' | lines 2
	events 'select(.event == "rollback") | .count' | lines 49
}

@test "everything at once: edits, additions, deletions, modes, links, directories" {
	mkdir -p old/deep mode
	echo a >old/deep/a
	agent 'echo more >>src/one; chmod 755 src/two; rm -r old; mkdir -p new/dir/empty; echo f >new/dir/f
		ln -s ../f new/dir/l; mkfifo new/pipe; chmod 700 mode; rm tests/old_test.py; echo x >tests/t'
	view_hashes >"$T/want"
	[ "$(pod_commit web)" = "Committed 8 file(s)." ]
	host_hashes | diff "$T/want" -
	[ "$(stat -c %a src/two mode | tr '\n' ' ')" = "755 700 " ]
	[ -z "$(pod_diff web)" ]
	[ -z "$(in_layers)" ]
	[ "$(pod_commit web)" = "Nothing to commit." ]
}

@test "by path, by prefix, by pattern, by exclusion, by list" {
	agent 'mkdir a b; for d in a b; do echo 1 >$d/x.c; echo 2 >$d/y.h; echo 3 >$d/z.o; done; echo 4 >top.c'
	pod_commit web a/x.c | lines "Committed 1 file(s)."
	[ "$(ls -A a)" = x.c ] && [ ! -e b ]
	pod_commit web '*/*.h' | lines "Committed 2 file(s)."
	[ "$(echo a/* b/*)" = "a/x.c a/y.h b/y.h" ]
	pod_diff -z web | grep -zv 'b/z' | pod_commit -z --stdin web | lines "Committed 3 file(s)."
	[ "$(echo a/* b/* ./*.c)" = "a/x.c a/y.h a/z.o b/x.c b/y.h ./top.c" ]
	agent 'echo 5 >five.o; echo 6 >six'
	pod_commit web --exclude '*.o' | lines "Committed 1 file(s)."
	pod_diff web | lines "A  b/z.o
A  five.o"
	expect 2 pod-mount commit --cwd "$T/proj" web nothing
	[[ $output == *"nothing changed at $T/proj/nothing"* ]]
	printf '' | pod_commit -z --stdin web | lines "Nothing to commit."
}

@test "--dry-run shows and changes nothing; --output writes elsewhere and changes nothing" {
	agent 'echo more >>src/one; mkdir n; echo x >n/f; chmod 4755 n/f; rm src/two'
	hashes "$T/proj" >"$T/before"
	pod_diff web >"$T/list"
	pod_commit --dry-run web | lines "$(cat "$T/list")
Would commit 3 file(s)."
	pod_commit --output "$T/out" web | lines "Committed 2 file(s)."
	[ "$(cat "$T/out$T/proj/src/one")" = "one
more" ]
	[ "$(stat -c %a:%U "$T/out$T/proj/n/f")" = 755:root ]
	hashes "$T/proj" | diff "$T/before" -
	pod_diff web | diff "$T/list" -
}

@test "a planted symlink in --output leads nowhere" {
	mkdir -p "$T/out$T/proj" "$T/precious"
	ln -s "$T/precious" "$T/out$T/proj/src"
	agent 'echo x >src/new'
	expect 2 pod-mount commit --cwd "$T/proj" --output "$T/out" web
	[ -z "$(ls "$T/precious")" ]
}

@test "a symlink that an earlier --output wrote does not lend its target the mode of a directory" {
	mkdir -m 700 "$T/precious"
	agent "ln -s $T/precious d"
	pod_commit --output "$T/out" web
	agent 'rm d; mkdir -m 777 d; echo x >d/f'
	pod_commit --output "$T/out" web | lines "Committed 1 file(s)."
	[ "$(stat -c %a "$T/precious")" = 700 ]
	[ -z "$(ls "$T/precious")" ]
	[ "$(stat -c %F:%a "$T/out$T/proj/d")" = directory:777 ]
	[ "$(cat "$T/out$T/proj/d/f")" = x ]
}

@test "sensitive: refused whole unless named or --sensitive, listed, recorded" {
	agent 'echo x >src/a; echo evil >>.gitconfig; mkdir -p .git/hooks; echo boo >.git/hooks/pre-commit'
	hashes "$T/proj" >"$T/before"
	expect 3 pod-mount commit --cwd "$T/proj" web --rollback-rest
	[[ $output == *".gitconfig is run or obeyed by the host"* && $output == *"2 paths refused"* ]]
	expect 3 pod-mount commit --cwd "$T/proj" web .git
	expect 3 pod-mount commit --cwd "$T/proj" web '.git*'
	hashes "$T/proj" | diff "$T/before" -
	[ "$(pod_diff web | wc -l)" -eq 3 ]
	events 'select(.event == "commit_refused") | .reason' | sort -u | lines sensitive
	pod_commit web .gitconfig src | lines "Committed 2 file(s)."
	pod_commit --sensitive web | lines "Committed 1 file(s)."
}

@test "conflicts: run 1 edits, the human edits, run 2 saves by rename: nothing of the human's is lost" {
	agent 'echo run1 >src/one; rm src/two; echo fine >fine'
	echo human >src/one
	echo human >src/two
	agent 'echo run2 >x; mv x src/one; echo run2 >src/two'
	hashes "$T/proj" >"$T/before"
	expect 3 pod-mount commit --cwd "$T/proj" web
	[[ $output == *"src/one changed on the host too; host: file of 6 bytes"*"pod: file of 5 bytes"* ]]
	hashes "$T/proj" | diff "$T/before" -
	pod_commit web fine | lines "Committed 1 file(s)."
	[ "$(cat src/one src/two)" = "human
human" ]
}

@test "conflicts: deleted by the human, created by both, changed under a deletion" {
	mkdir dir
	echo 1 >dir/in
	agent 'echo e >>src/one; echo pod >both; rm -r dir'
	rm src/one
	echo human >both
	echo changed >>dir/in
	expect 3 pod-mount commit --cwd "$T/proj" web
	for f in src/one both dir/in; do
		[[ $output == *"$f changed on the host too"* ]]
	done
	[ "$(cat both)" = human ]
}

@test "conflicts: deleted by the human, and then another run; what the pod renamed is none" {
	agent 'echo e >>src/one; mv tests/old_test.py tests/test.py; echo x >tests/x'
	rm src/one
	pod_commit web tests/x | lines "Committed 1 file(s)."
	agent true
	expect 3 pod-mount commit --cwd "$T/proj" web
	[[ $output == *"src/one changed on the host too; host: deleted"* && $output == *"1 path refused"* ]]
	[ ! -e src/one ]
	pod_commit web tests | lines "Committed 2 file(s)."
}

@test "what the pod renamed was not deleted by the human who works in the same directory" {
	mkdir -p d/deep && echo a >d/a && echo b >d/deep/b
	agent 'mv d moved; echo more >>moved/a'
	echo human >human
	agent 'echo new >moved/deep/new'
	agent true
	refute grep -q conflict <(pod_diff web)
	pod_commit web
	[ "$(cat moved/a moved/deep/b moved/deep/new human | tr '\n' ' ')" = "a more b new human " ] && [ ! -e d ]
}

@test "conflicts: deleted by the human, and then a commit beside it, or another run" {
	agent 'echo e >>src/one; echo e >>src/two'
	rm src/one
	pod_commit web src/two | lines "Committed 1 file(s)."
	expect 3 pod-mount commit --cwd "$T/proj" web
	[[ $output == *"src/one changed on the host too; host: deleted"* ]]
	agent true
	expect 3 pod-mount commit --cwd "$T/proj" web
	[ ! -e src/one ]
}

@test "conflicts: the human removed the directory that the pod worked in" {
	agent 'echo e >>src/one; echo new >src/new'
	rm -r src
	expect 3 pod-mount commit --cwd "$T/proj" web
	[[ $output == *"src/one changed on the host too; host: deleted"* ]]
	agent true
	expect 3 pod-mount commit --cwd "$T/proj" web
	[ ! -e src ]
}

@test "conflicts: mode, owner and attributes that the human changed, of directories and files" {
	agent 'echo e >>src/one; touch src/two; echo e >>tests/new'
	chmod 700 src
	chmod 600 src/two
	chown 7:8 tests
	expect 3 pod-mount commit --cwd "$T/proj" web
	for f in src src/two tests; do
		[[ $output == *"$f changed on the host too"* ]]
	done
	agent true
	expect 3 pod-mount commit --cwd "$T/proj" web
	[ "$(stat -c '%a %u:%g' src src/two tests)" = "700 0:0
600 0:0
755 7:8" ]
	pod_commit web src/one | lines "Committed 1 file(s)."
}

@test "conflicts: the mode of a directory that the agent then made anew" {
	mkfifo "$T/up" "$T/go"
	agent 'echo >&7; read -r _ <&8; rm -r src; mkdir src; echo mine >src/one' 7<>"$T/up" 8<>"$T/go" &
	read -r _ <"$T/up"
	chmod 700 src
	echo >"$T/go"
	wait $!
	for _ in 1 2; do
		expect 3 pod-mount commit --cwd "$T/proj" web
		[[ $output == *"src changed on the host too"* ]]
		[ "$(stat -c %a src)" = 700 ]
		agent true
	done
}

@test "the agent's own change of a directory's mode is none" {
	agent 'chmod 700 src; mkdir d; chmod 711 tests; echo x >tests/x'
	pod_commit web tests/x d | lines "Committed 1 file(s)."
	agent 'chmod 710 tests'
	pod_commit web | lines "Committed 0 file(s)."
	[ "$(stat -c %a src tests | paste -sd' ')" = "700 710" ]
}

@test "nor is a commit in a directory, however many runs ago" {
	agent 'mv src/one src/eins; echo x >>src/two'
	pod_commit web src/two
	agent true
	agent true
	agent 'chmod 711 src'
	pod_diff web | lines "M  src/  (mode 0755 -> 0711)
A  src/eins
D  src/one"
	# The human's is.
	echo human >src/human
	pod_diff web src | head -1 | lines "M  src/  (mode 0755 -> 0711)  [conflict]"
}

@test "a commit that had to be taken back is no change of the human's" {
	mkdir dir
	echo 1 >dir/in
	echo key >dir/secret
	again_with "filesystem: {mask: [$T/proj/dir/secret]}"
	agent 'rm -r dir; echo file >dir; mv src/one src/uno'
	expect 3 pod-mount commit --cwd "$T/proj" web
	[ "$(cat dir/in dir/secret | paste -sd' ')" = "1 key" ]
	refute grep -q conflict <<<"$(pod_diff web)"
	agent true
	refute grep -q conflict <<<"$(pod_diff web)"
}

@test "equal content is no conflict" {
	agent 'echo same >src/one; echo same >new'
	echo same >src/one
	echo same >new
	[ -z "$(pod_diff web)" ]
}

@test "a renamed file is no conflict, not even after a commit beside it" {
	agent 'echo x >src/new; mv src/one src/uno; mv src/two src/due'
	pod_commit web src/new | lines "Committed 1 file(s)."
	pod_commit web src/uno | lines "Committed 1 file(s)."
	pod_commit web | lines "Committed 3 file(s)."
	[ "$(echo src/*)" = "src/due src/new src/uno" ]
}

@test "a directory made anew: what the human made in it meanwhile stays, whoever is to win" {
	local how
	for how in "" --theirs src/kept; do
		mkdir -p src && echo one >src/one && echo two >src/two
		rm -f src/new src/kept
		agent 'rm -r src; mkdir src; echo kept >src/kept'
		echo new >src/new
		echo saved >src/saved~ && mv src/saved~ src/two
		refute grep -q conflict <(pod_diff web)
		pod_commit web $how
		pod_commit web
		[ "$(tail -n +1 src/* | tr '\n' ' ')" = "==> src/kept <== kept  ==> src/new <== new  ==> src/two <== saved " ]
		[ -z "$(pod_diff web)" ]
		agent '[ "$(cat src/*)" = "kept
new
saved" ]'
	done
}

@test "deletions: what is masked, mounted or new on the host stays, and is said" {
	mkdir -p d/sub d/ssh
	touch d/seen d/sub/seen d/ssh/key
	pod other "filesystem: {mask: [$T/proj/d/ssh]}"
	mkdir -p "$ENVPOD_RUN_DIR/other"
	agent_other() { pod-mount enter -w "$T/proj" other -- nsenter --user="$ENVPOD_RUN_DIR/other/ns/user" --wd="./$T/proj" setpriv --reuid=0 --regid=0 --clear-groups sh -ec "$1"; }
	agent_other '[ ! -e d/ssh ]; rm -r d'
	echo new >d/sub/appeared
	expect 0 pod-mount commit --cwd "$T/proj" other
	[[ $output == *"Committed 2 file(s)."* ]]
	[[ $output == *"d stays"* && $output == *"d/sub/appeared stays: it is new on the host"* ]]
	find d -type f | sort | lines "d/ssh/key
d/sub/appeared"
}

@test "a masked name that the agent created itself is refused" {
	pod-config compile --help >/dev/null
	pod other "filesystem: {mask: [$T/proj/secret]}"
	echo human >secret
	pod-mount enter -w "$T/proj" other -- nsenter --user="$ENVPOD_RUN_DIR/other/ns/user" --wd="./$T/proj" setpriv --reuid=0 --regid=0 --clear-groups sh -ec '[ ! -e secret ]; echo agent >secret; echo x >fine'
	pod-mount diff --cwd "$T/proj" other | grep -q '^A  secret.*masked'
	expect 3 pod-mount commit --cwd "$T/proj" other
	expect 3 pod-mount commit --cwd "$T/proj" other secret
	[ "$(cat secret)" = human ]
	pod-mount commit --cwd "$T/proj" other fine | lines "Committed 1 file(s)."
}

@test "system directories: named and refused unless --include-system" {
	[ ! -e /usr/local/share/envpod-test ]
	pod sys "filesystem: {system_access: advanced}"
	pod-mount enter sys -- nsenter --user="$ENVPOD_RUN_DIR/sys/ns/user" --wd=. setpriv --reuid=0 --regid=0 --clear-groups sh -ec 'echo x >usr/local/share/envpod-test'
	[ -z "$(pod-mount diff sys)" ]
	expect 3 pod-mount commit --all sys /usr/local/share/envpod-test
	[[ $output == *"/usr/local/share/envpod-test belongs to the system"* ]]
	[ ! -e /usr/local/share/envpod-test ]
}

@test "no rights come along: setuid, capabilities, security and overlay attributes, devices" {
	agent 'cp /bin/true tool; chmod 6755 tool; echo x >marked; setfattr -n user.kept -v 1 marked
		setfattr -n user.overlay.opaque -v y marked; mkdir gid; chmod 2775 gid'
	setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= "$(upper_proj)/tool"
	mknod "$(upper_proj)/node" c 1 3
	(cd "$(upper_proj)" && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")')
	expect 0 pod-mount commit --cwd "$T/proj" web
	[[ $output == *"node is a device or a socket"*": left out"* && $output == *"Committed 2 file(s)."* ]]
	[[ $output == *"tool: setuid and setgid were left behind"* ]]
	[ "$(stat -c %a:%u:%g tool)" = 755:0:0 ]
	[ -z "$(getfattr -h -m - tool 2>/dev/null)" ]
	getfattr -h -m - marked | grep . | grep -v '^#' | lines user.kept
	[ ! -e node ] && [ ! -e sock ]
	expect 3 pod-mount commit --cwd "$T/proj" web node
	expect 3 pod-mount commit --cwd "$T/proj" web sock
}

@test "ids come back: pod root's are root's where root owns, the invoking user's elsewhere" {
	export SUDO_UID=1000 SUDO_GID=1000
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --file "$T/web.yaml"
	mkdir hers
	chown 1000:1000 hers
	agent 'echo r >src/r; echo u >hers/u; echo w >src/w; chown 33:33 src/w; chown 1000:1000 src/one; echo x >src/mine; chown 1000:1000 src/mine'
	pod_commit web
	[ "$(stat -c '%n %u:%g' hers/u src/mine src/one src/r src/w)" = "hers/u 1000:1000
src/mine 1000:1000
src/one 1000:1000
src/r 0:0
src/w 1000:1000" ]
}

@test "a directory whose owner is not carried over is the host's afterwards, and no change for ever" {
	agent 'mkdir n; echo f >n/f; chown 5:6 n src; chmod 2775 n'
	pod_commit web
	[ -z "$(pod_diff web)" ]
	[ "$(stat -c '%a %u:%g' n src | tr '\n' ' ')" = "775 0:0 755 0:0 " ]
	agent '[ "$(stat -c "%a %u:%g" n src | tr "\n" " ")" = "775 0:0 755 0:0 " ]; echo more >>n/f; echo x >src/new'
	pod_commit web
	# In part: what stays uncommitted keeps its directory in the layer.
	agent 'mkdir k; echo a >k/a; echo b >k/b; chown 5:6 k'
	pod_commit web k/a
	pod_diff web | lines "A  k/b"
	pod-mount undo --cwd "$T/proj" web --all
	pod_commit web
	[ "$(cat k/a k/b n/f src/new | tr '\n' ' ')" = "a b f more x " ]
}

@test "in the place of a file of root's: a directory keeps its owner, and what is in it is root's, too" {
	again_with 'user: root'
	export SUDO_UID=1000 SUDO_GID=1000
	again_with ''
	chown 1000:1000 .
	agent 'rm src/two; mkdir src/two; echo in >src/two/in; mkdir d; echo in >d/in; ln -s x src/link; chown -h 1:1 src/link'
	chown 0:0 .
	pod_commit web src d
	[ "$(stat -c %u src/two src/two/in d d/in src/link | tr '\n' ' ')" = "0 0 0 0 1000 " ]
}

@test "an ACL comes back with the host's ids" {
	setfacl -m u:33:rw src/one
	setfacl -m g:44:r,d:u:33:r src
	agent 'echo more >>src/one; : >src/new'
	# (On XFS the kernel copies it up with the ids of the host.)
	getfacl -n "$(upper_proj)/src/one" 2>/dev/null | grep -qE "user:(524321|33):rw"
	pod_diff web | lines "A  src/new
M  src/one"
	pod_commit web
	getfacl -n src/one | grep -qx "user:33:rw-"
	getfacl -n src/new | grep -qx "user:33:r--"
	getfacl -n src | grep -qx "group:44:r--"
}

@test "hard links in the pod do not write into what was committed; sparse files stay sparse" {
	agent 'echo x >h1; ln h1 h2; truncate -s 64M sparse; printf end >>sparse'
	pod_commit web h1
	[ "$(stat -c %h h1)" -eq 1 ]
	agent 'echo evil >>h2'
	[ "$(cat h1)" = x ]
	pod_commit web
	[ "$(stat -c %s sparse)" -eq 67108867 ]
	[ "$(stat -c %b sparse)" -lt 1000 ]
}

@test "a moved directory: whole, in part, and what is left over still shows in the pod" {
	mkdir -p lib/deep
	for f in a b deep/c; do echo $f >lib/$f; done
	agent 'mv lib moved; echo more >>moved/b'
	view_hashes >"$T/want"
	pod_commit web moved/b lib/b | lines "Committed 2 file(s)."
	find lib moved -type f | sort | lines "lib/a
lib/deep/c
moved/b"
	view_hashes | diff "$T/want" -
	pod_commit web
	host_hashes | diff "$T/want" -
	view_hashes | diff "$T/want" -
	[ -z "$(pod_diff web)" ]
}

@test "a replaced directory: what is kept, what is new, what went" {
	mkdir d
	for f in keep edit drop; do echo $f >d/$f; done
	agent 'rm -r d; mkdir d; echo keep >d/keep; echo new >d/edit; echo x >d/add'
	view_hashes >"$T/want"
	pod_diff web | lines "A  d/add
D  d/drop
M  d/edit"
	pod_commit web d/add
	[ "$(echo d/*)" = "d/add d/drop d/edit d/keep" ]
	view_hashes | diff "$T/want" -
	pod_commit web
	host_hashes | diff "$T/want" -
	in_layers | lines "d
d/keep"
	echo later >d/human
	agent '[ -e d/human ]'
}

@test "a file for a directory and a directory for a file" {
	mkdir d
	touch d/a d/b
	agent 'rm -r d; echo file >d; rm src/one; mkdir -p src/one/x; echo y >src/one/x/y'
	view_hashes >"$T/want"
	pod_commit web
	host_hashes | diff "$T/want" -
	[ -z "$(in_layers)" ]
}

@test "what lies under a mount of the host's is reached, and the mount is not" {
	mkdir covered
	echo under >covered/file
	apart "T='$T'; . '$TOP/tests/pod-mount/review.bash'; cd '$T/proj'
		agent 'echo pod >>covered/file; echo new >covered/new'
		mount -t tmpfs none '$T/proj/covered'; echo over >covered/file
		pod-mount commit --cwd '$T/proj' web && echo 0 >'$T/status'; ls covered >'$T/ls'"
	[ "$(cat "$T/status")" -eq 0 ]
	[ "$(cat "$T/ls")" = file ]
	[ "$(cat covered/file)" = "under
pod" ]
	[ "$(cat covered/new)" = new ]
}

@test "another filesystem than the state's: the same, with the pre-images kept beside the journal" {
	mkdir "$T/far"
	apart "T='$T'; . '$TOP/tests/pod-mount/review.bash'
		mount -t tmpfs none '$T/far'; T=$T/far; mkdir -p '$T/far/proj/d'; cd '$T/far/proj'
		echo old >f; echo gone >g; echo in >d/in
		agent 'echo new >f; rm g; rm -r d; mkdir e; echo x >e/x'
		pod-mount commit --cwd '$T/far/proj' web >'$T/out' 2>&1
		find . -type f -printf '%P ' -exec cat {} \\; | sort >'$T/ls'; ls -A '$T/far' >'$T/top'"
	[ "$(cat "$T/out")" = "Committed 4 file(s)." ]
	lines "e/x x
f new" <"$T/ls"
	[ "$(cat "$T/top")" = proj ]
	cat "$(undo_dirs)"/new/* 2>/dev/null | sort | lines "gone
in
old"
}

@test "from a running pod: copied, no change any more, and gone from the layers at the next view" {
	agent 'echo more >>src/one; mkdir new; echo x >new/x; rm src/two; mv tests tests2'
	come_alive
	expect 75 pod-mount commit --cwd "$T/proj" web --rollback-rest
	expect 75 pod-mount rollback --cwd "$T/proj" web
	expect 3 pod-mount commit --cwd "$T/proj" web tests2
	[[ $output == *"was moved with its directory"* ]]
	pod_commit web src new | lines "Committed 3 file(s)."
	pod_diff web | lines "D  tests/old_test.py
A  tests2/old_test.py"
	[ -n "$(in_layers | grep src/one)" ]
	# A second edit in the same view builds on what was committed: no conflict.
	echo pod2 >>"$(upper_proj)/src/one"
	pod_commit web src/one | lines "Committed 1 file(s)."
	echo human >>src/one
	echo pod3 >>"$(upper_proj)/src/one"
	expect 3 pod-mount commit --cwd "$T/proj" web src/one
	die_again
	view_hashes >"$T/view"
	in_layers | grep -v tests | sort | lines "src
src/one"
	grep -q 'new/x' "$T/view"
}

@test "from a running pod: the directories of its layers stay, until it has ended" {
	agent 'chmod 700 tests; mkdir n; echo x >>src/one'
	come_alive
	pod_commit web
	[ -z "$(pod_diff web)" ] && [ "$(stat -c %a tests)" = 700 ] && [ -d n ]
	[ -d "$(upper_proj)/tests" ] && [ -d "$(upper_proj)/n" ]
	die_again
	agent '[ "$(stat -c %a tests)" = 700 ] && [ -d n ]; echo y >n/y'
	pod_diff web | lines "A  n/y"
	pod_commit web
	agent true
	[ -z "$(pod_diff web)" ]
}

@test "the journal names every step; the pre-images of what was replaced and deleted are kept" {
	agent 'echo new >src/one; rm src/two; echo x >added; chmod 700 tests'
	pod_commit web
	local undo
	undo=$(undo_dirs)
	head -1 "$undo/journal" | lines "envpod-journal 1 commit"
	tail -1 "$undo/journal" | lines "done"
	[ "$(grep -c '^step' "$undo/journal")" -eq 4 ]
	cat "$undo"/new/* 2>/dev/null | sort | lines "one
two"
	[ "$(stat -c %a "$undo")" = 700 ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web/undo/open" ]
}

@test "a full disk: an error, the host as it was, the pod's work still there" {
	mkdir "$T/small"
	apart "T='$T'; . '$TOP/tests/pod-mount/review.bash'
		mount -t tmpfs -o size=3M none '$T/small'; T=$T/small; mkdir '$T/small/proj'; cd '$T/small/proj'
		echo keep >a
		agent 'head -c 2000000 /dev/urandom >b; head -c 2000000 /dev/urandom >c; echo x >>a'
		r=0; pod-mount commit --cwd '$T/small/proj' web >'$T/out' 2>&1 || r=\$?; echo \$r >'$T/status'
		ls -A . '$T/small' >'$T/ls'; pod-mount diff --cwd '$T/small/proj' web >'$T/diff'" || true
	[ "$(cat "$T/status")" -eq 2 ]
	grep -q 'No space left' "$T/out"
	[ "$(grep -c . "$T/diff")" -eq 3 ]
	[ "$(grep -vc envpod "$T/ls")" -gt 0 ]
	refute grep -q '^b$' "$T/ls"
}

# outlives SCRIPT: a run whose end leaves a process behind that nobody knows of, as another pod is
# that got its directory; told to go on, it does SCRIPT there.
outlives()
{
	mkfifo "$T/up" "$T/go"
	pod-mount enter -w "$T/proj" web -- bash -c 'exec {ENVPOD_LOCK_FD}>&-; cd "./$1"; eval "$2"; echo >&7; read -r _ <&8; eval "$3"; echo >&7' \
		bash "$T/proj" "$1" "$2" 7<>"$T/up" 8<>"$T/go" 3>&- &
	read -r _ <"$T/up"
}

@test "a file that somebody still writes to is copied: what is written later stays with the pod" {
	outlives 'exec 9>>src/one; echo agent >&9' 'echo EVIL >&9'
	pod_commit web src/one
	echo >"$T/go"
	wait $!
	[ "$(cat src/one)" = "$(printf 'one\nagent')" ]
}

@test "a pod that may have handed its directories on keeps its files, too" {
	mkdir "$T/shared"
	again_with "filesystem: {mounts: [{path: $T/shared, permissions: ReadWrite}]}"
	outlives 'echo agent >>src/one' 'echo EVIL >>src/one; cat src/one >&2'
	pod_commit web src/one
	echo >"$T/go"
	wait $!
	[ "$(cat src/one)" = "$(printf 'one\nagent')" ]
}
