load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

# another_machine: from now on another state directory, and the project as it was, elsewhere.
another_machine()
{
	mkdir -p "$T/there"
	cp -a "$T/proj" "$T/there/proj"
	pod-mount remove web
	rm -rf "$ENVPOD_STATE_DIR"
	rm -rf "$ENVPOD_RUN_DIR/web"
	pod "${1:-web}"
	cd "$T/there/proj" || return
}
carry() { pod-mount apply --cwd "$T/there/proj" "$@"; }
sums() { (cd "$1" && find . -mindepth 1 -printf '%y %m %P %l\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum); }

@test "random edits: there they are what they are in the pod" {
	seed=${SEED:-$RANDOM}
	echo "# SEED=$seed" >&3
	perl "$TOP/tests/pod-mount/edits.pl" "$seed" make "$T/proj"
	agent "perl '$TOP/tests/pod-mount/edits.pl' $seed edit ."
	mkdir "$T/want"
	agent 'tar -cf - .' | tar -C "$T/want" -xf -
	pod_diff --export "$T/set" web
	pod_diff >"$T/before" web
	another_machine
	carry -n "$T/set" >"$T/out" || { cat "$T/out"; false; }
	diff <(sums "$T/proj") <(sums "$T/there/proj")
	carry --sensitive "$T/set" | grep -q '^Applied [0-9]* file'
	diff <(sums "$T/want") <(sums "$T/there/proj")
	carry --sensitive "$T/set" | lines 'Nothing to apply.'
	# And back, exactly.
	pod-mount undo web "$(basename "$(undo_dirs)")"
	diff <(sums "$T/proj") <(sums "$T/there/proj")
	[ ! -e "$ENVPOD_STATE_DIR/pods/web/apply.tmp" ]
}

@test "any tar can list it; it says what it is" {
	agent 'echo x >new; rm src/two; setfattr -n user.a -v b src/one'
	pod_diff --export - web | zstd -dc >"$T/tar"
	tar -tf "$T/tar" 2>/dev/null | lines 'envpod-changes
tree/new
tree/src/one
tree/src/two'
	tar -xOf "$T/tar" envpod-changes 2>/dev/null | grep -qx 'changes 3'
	tar -xOf "$T/tar" tree/new 2>/dev/null | lines x
	expect 64 script -qec "pod-mount diff --export - web" /dev/null
	expect 64 pod_diff --since upper --export "$T/x" web
	expect 2 pod_diff --export /nonexistent/x web
	expect 1 pod_diff --exit-code --export "$T/set" web
	pod_diff --export "$T/set" web src
	zstd -dc "$T/set" | tar -t 2>/dev/null | grep -c tree/ | lines 2
}

@test "what the human there changed is a conflict; --partial, --theirs" {
	agent 'echo pod >>src/one; rm src/two; echo new >new; chmod 600 tests/old_test.py'
	pod_diff --export "$T/set" web
	another_machine
	echo human >>src/one
	echo human >>src/two
	echo human >new
	chmod 640 tests/old_test.py
	before=$(sums .)
	run carry "$T/set"
	[ "$status" -eq 3 ]
	for f in src/one src/two new tests/old_test.py; do [[ $output == *"$f changed on the host too"* ]]; done
	[ "$(sums .)" = "$before" ]
	expect 3 carry --partial "$T/set"
	[ "$(sums .)" = "$before" ]
	cp "$T/proj/src/one" src/one
	expect 3 carry --partial "$T/set"
	sed -n 2p src/one | lines pod
	[ "$(cat src/two | tail -1)" = human ]
	carry --theirs "$T/set"
	[ ! -e src/two ] && [ "$(cat new)" = new ] && [ "$(stat -c %a tests/old_test.py)" = 600 ]
	pod-mount undo web "$(undo_dirs | tail -1 | xargs basename)"
	[ "$(cat new)" = human ]
}

@test "chosen by path; sensitive and system paths are refused as in a commit" {
	agent 'echo x >>.gitconfig; echo new >new; mkdir -p d/e; echo f >d/e/f'
	pod_diff --export "$T/set" web
	another_machine
	expect 3 carry "$T/set"
	[[ $output == *.gitconfig* ]]
	carry --exclude .gitconfig --exclude d "$T/set"
	[ -e new ] && [ ! -e d ]
	carry "$T/set" d/e/f
	[ "$(cat d/e/f)" = f ]
	carry "$T/set" .gitconfig
	tail -1 .gitconfig | lines x
	events 'select(.event == "commit") | .paths[]' | grep -q "/there/proj/new"
}

@test "a deleted directory loses what the pod saw; something else in its place is refused" {
	mkdir gone sub
	echo a >gone/a
	echo s >sub/s
	agent 'rm -r gone; echo t >sub/t'
	pod_diff --export "$T/set" web
	another_machine
	echo mine >gone/mine
	carry "$T/set" 2>"$T/err"
	[ ! -e gone/a ] && [ "$(cat gone/mine)" = mine ]
	grep -q 'gone/mine stays' "$T/err"
	pod-mount undo web "$(basename "$(undo_dirs)")"
	rm -r sub
	ln -s /etc sub
	expect 3 carry "$T/set"
	[ ! -e /etc/t ] && [ -L sub ]
	rm sub
	expect 3 carry "$T/set"
	[ ! -e sub ]
}

@test "another pod, no such pod, no change set" {
	agent 'echo new >new'
	pod_diff --export "$T/set" web
	another_machine other
	expect 2 carry "$T/set"
	[[ $output == *--pod* ]]
	# The file is named from where the caller stands, the paths in it from --cwd.
	(cd "$T" && carry --pod other -n set | grep -qx 'Would apply 1 file(s).')
	carry --pod other "$T/set"
	[ -e new ]
	echo nonsense >"$T/bad"
	expect 2 carry --pod other "$T/bad"
	echo nonsense | zstd -q >"$T/bad"
	expect 2 carry --pod other "$T/bad"
	expect 2 carry --pod other /nonexistent
	head -c 200 "$T/set" >"$T/bad"
	expect 2 carry --pod other "$T/bad"
	carry --pod other - <"$T/set" | lines 'Nothing to apply.'
}

# forge SCRIPT: the change set $T/set, rewritten by perl code that gets each member as $path, %rec and
# $data, and calls member().
@test "hostile archives: nothing of them reaches the host" {
	agent 'echo new >new'
	pod_diff --export "$T/set" web
	another_machine
	before=$(sums .)
	ls -la /etc >"$T/etc"
	forge() { perl "$TOP/tests/pod-mount/forge.pl" "$@" | zstd -q >"$T/bad"; }
	refused() { forge "$@"; run carry "$T/bad"; [[ $status == [23] ]] || { echo "$* gave $status"; return 1; }; [ "$(sums .)" = "$before" ]; [ -z "$(undo_dirs)" ]; }
	refused A ../evil 0
	refused A /etc/evil 0
	refused A a/../../evil 0
	refused A . 0
	refused A a//b 0
	refused A "$(printf 'x%.0s' {1..300})" 0
	refused A link 2 /etc A link/evil 0
	refused A src/one/x 0
	refused A dev 3
	refused A dev 4
	refused A hard 1 src/one
	refused D new 0
	refused X new 0
	refused A b 0 A a 0
	refused A a 0 A a 0
	refused A missing/dir/file 0
	refused --from-root A proc/sys/kernel/hostname 0
	refused --from-root A "${ENVPOD_STATE_DIR#/}/pods/web/evil" 0
	refused --from-root A etc/shadow 0
	ls -la /etc | diff "$T/etc" -
	# Bombs: more than allowed, a header without end, a window without end.
	perl -e 'print "\0" x 50000000' >"$T/zeros"
	agent true || true
	forge A big 0 @"$T/zeros"
	[ "$(stat -c %s "$T/bad")" -lt 100000 ]
	expect 3 carry --max-size 10M "$T/bad"
	[ "$(sums .)" = "$before" ]
	refused --huge-header
	perl -e 'print "\0" x 50000000' | zstd -q --long=31 --ultra >"$T/bad"
	expect 2 carry "$T/bad"
}

@test "setuid bits, foreign attributes and owners stay behind" {
	agent 'echo x >tool; chmod 4755 tool; chown 5:5 tool; setfattr -n user.mine -v v tool'
	pod_diff --export "$T/set" web
	another_machine
	carry "$T/set"
	[ "$(stat -c '%a %u' tool)" = '755 0' ]
	[ "$(getfattr --only-values -n user.mine tool)" = v ]
}

# entries FILE: the ACL as getfacl numbers it, less its remarks.
entries() { getfacl -cnp "$1" | sed '/^$/d'; }

@test "ACLs and attributes come along, those of directories too" {
	mkdir d
	setfattr -n user.old -v 1 d
	agent 'setfacl -m u:1234:rw,g:77:r,u:0:r src/one; setfacl -d -m u:1234:rx d; setfattr -x user.old d; setfattr -n user.d -v d d; mkdir e; setfacl -m u:1234:r e; echo x >e/f'
	pod_diff --export "$T/set" web
	zstd -dc "$T/set" | tar -t 2>/dev/null | grep -c tree/ | lines 4
	another_machine
	carry "$T/set" | lines 'Applied 2 file(s).'
	entries src/one | lines 'user::rw-
user:0:r--
user:1234:rw-
group::r--
group:77:r--
mask::rw-
other::r--'
	entries d | grep -qx 'default:user:1234:r-x'
	[ "$(getfattr --absolute-names -d d | grep user)" = 'user.d="d"' ]
	entries e | grep -qx 'user:1234:r--'
	carry "$T/set" | lines 'Nothing to apply.'
	pod-mount undo web "$(basename "$(undo_dirs)")"
	refute grep -q 1234 <(getfacl -cnp src/one d)
}

@test "the ACL of the person it belonged to is the ACL of the person it belongs to" {
	pod-mount remove web
	rm -rf "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR/web"
	chown -R 1500:1500 "$T/proj"
	SUDO_UID=1500 SUDO_GID=1500 pod web
	agent 'setfacl -m u:1500:rw,g:1500:r src/one'
	pod_diff --export "$T/set" web
	SUDO_UID=1600 SUDO_GID=1600 another_machine
	chown -R 1600:1600 "$T/there/proj"
	carry "$T/set" | lines 'Applied 1 file(s).'
	entries src/one | grep '^\(user\|group\):1' | lines 'user:1600:rw-
group:1600:r--'
}
