load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

# A file with three changes far apart.
three_hunks()
{
	seq 60 >src/long
	agent 'sed -i -e "s/^5$/five/" -e "s/^30$/thirty/" -e "s/^55$/fifty-five/" src/long'
	pod_diff --patch web src/long >"$T/p"
	[ "$(grep -c '^@@' "$T/p")" -eq 3 ]
}

# hunk N...: these hunks of $T/p alone.
hunk()
{
	local n
	sed '/^@@/,$d' "$T/p"
	for n; do awk -v n="$n" '/^@@/ { k++ } k == n' "$T/p"; done
}

tree_sums() { (cd "$1" && find . -name .git -prune -o \( -type f -printf '%P %m ' -exec sha256sum {} \; -o -type l -printf '%P -> %l\n' \) | sed 's, [^ ]*$,,' | LC_ALL=C sort); }

@test "exactly the hunks of a patch: the host has those, diff shows the others" {
	three_hunks
	hunk 2 | pod_commit --hunks - web | lines 'Committed 1 file(s).'
	sed 's/^30$/thirty/' <(seq 60) | diff - src/long
	pod_diff --patch web | grep '^[-+@]' | lines '--- a/src/long
+++ b/src/long
@@ -2,7 +2,7 @@
-5
+five
@@ -52,7 +52,7 @@ fifty-four' | head -5 || true
	pod_diff --patch web | grep '^[-+][^-+]' | lines '-5
+five
-55
+fifty-five'
	# No conflict, in this view nor in the next ones.
	[ "$(pod_diff web)" = 'M  src/long' ]
	agent true
	agent 'echo 61 >>src/long'
	[ "$(pod_diff web)" = 'M  src/long' ]
	pod_diff --patch web >"$T/p"
	hunk 1 >"$T/one"
	pod_commit --hunks "$T/one" web
	pod_commit web
	agent 'cat src/long' | diff - src/long
	[ -z "$(pod_diff web)" ]
	[ "$(undo_dirs | wc -l)" -eq 3 ]
}

@test "what the human does after that is a conflict again" {
	three_hunks
	hunk 2 | pod_commit --hunks - web
	sed -i '1s/.*/human/' src/long
	[ "$(pod_diff web)" = 'M  src/long  [conflict]' ]
	expect 3 pod_commit web
	agent true
	expect 3 pod_commit web
	grep -qx human src/long
}

@test "owner, mode, attributes and times of the host's file: as they were, but for the content" {
	three_hunks
	chown 12:34 src/long
	chmod 640 src/long
	setfattr -n user.mine -v yes src/long
	agent true
	pod_rollback web
	agent 'sed -i -e "s/^5$/five/" -e "s/^30$/thirty/" src/long; chmod 755 src/long'
	pod_diff --patch web src/long >"$T/p"
	hunk 1 | grep -v '^\(old\|new\) mode' | pod_commit --hunks - web
	[ "$(stat -c '%u:%g %a' src/long)" = '12:34 640' ]
	[ "$(getfattr --only-values -n user.mine src/long)" = yes ]
	grep -qx five src/long
	refute grep -qx thirty src/long
	pod_diff web | grep -q '^M  src/long  (mode 0640 -> 0755)'
}

@test "refused, and nothing done: a hunk that diff does not show" {
	three_hunks
	before=$(host_hashes)
	refused() { expect 3 pod_commit --hunks - web; [ "$(host_hashes)" = "$before" ]; [ -z "$(undo_dirs)" ]; }
	sed 's/^+thirty/+3O/' "$T/p" | refused
	sed 's/^-30$/-31/' "$T/p" | refused
	sed 's/^ 29$/ 28/' "$T/p" | refused
	sed 's/^@@ -27,7 +27,7/@@ -26,7 +26,7/' "$T/p" | refused
	sed '/^-30$/d; s/^@@ -27,7 +27,7/@@ -27,6 +27,7/' "$T/p" | refused
	sed 's,src/long,src/one,g' "$T/p" | refused
	sed 's,src/long,src/none,g' "$T/p" | refused
	cat "$T/p" "$T/p" | refused
	agent 'sed -i s/thirty/3O/ src/long'
	refused <"$T/p"
	agent 'sed -i s/3O/thirty/ src/long'
	sed -i 's/^30$/human/' src/long
	before=$(host_hashes)
	refused <"$T/p"
}

@test "a patch that is none: its line" {
	three_hunks
	bad() { expect 2 pod_commit --hunks - web; [[ $output == *"patch: line $1"* ]]; }
	head -8 "$T/p" | bad 8
	printf -- '--- a/src/long\n+++ b/src/long\n@@ -1,x +1 @@\n' | bad 3
	printf '@@ -1 +1 @@\n-a\n+b\n' | bad 1
	sed 's/^@@ -27,7 +27,7/@@ -27,6 +27,6/' "$T/p" | bad "$(($(grep -n '^@@ -27' "$T/p" | cut -d: -f1) + 8))"
	expect 2 pod_commit --hunks /nonexistent web
	expect 64 pod_commit --hunks - web src/long
	expect 64 pod_commit --hunks - -o "$T/out" web
	expect 64 pod_commit --hunks - -p web
	: | pod_commit --hunks - web | lines 'Nothing to commit.'
}

@test "random parts of random edits: the host is what git apply makes of them, diff shows the rest" {
	seed=${SEED:-$RANDOM}
	echo "# SEED=$seed" >&3
	perl "$TOP/tests/pod-mount/edits.pl" "$seed" make "$T/proj"
	agent "perl '$TOP/tests/pod-mount/edits.pl' $seed edit ."
	mkdir "$T/want"
	agent 'tar -cf - .' | tar -C "$T/want" -xf -
	for round in 1 2; do
		pod_diff --binary web | perl "$TOP/tests/pod-mount/subset.pl" $((seed + round)) >"$T/part"
		[ -s "$T/part" ] || continue
		rm -rf "$T/copy"
		cp -a "$T/proj" "$T/copy"
		(cd "$T/copy" && GIT_CEILING_DIRECTORIES=$T git apply "$T/part")
		pod_commit --sensitive --hunks "$T/part" web
		diff <(tree_sums "$T/copy") <(tree_sums "$T/proj")
		refute grep conflict <(pod_diff web)
		[ "$round" -ne 2 ] || agent true
	done
	pod_commit --sensitive web
	diff <(tree_sums "$T/want") <(tree_sums "$T/proj")
	[ -z "$(pod_diff web)" ]
}

@test "what a part of a patch would bring along is not brought: it is refused" {
	mkdir d
	echo x >d/f
	agent 'rm src/two; mkdir src/two; echo in >src/two/in; rm -r d; echo file >d'
	pod_diff --patch web >"$T/p"
	before=$(host_hashes)
	only() { awk -v n="$1" '/^diff/ { on = $3 == "a/" n } on' "$T/p"; }
	expect 3 pod_commit --hunks <(only src/two/in) web
	[[ $output == *src/two* ]]
	expect 3 pod_commit --hunks <(only d) web
	[ "$(host_hashes)" = "$before" ]
	pod_commit --hunks <(only src/two) web
	[ -d src/two ] && [ ! -e src/two/in ]
	pod_commit --hunks <(only src/two/in; only d; only d/f) web
	[ -z "$(pod_diff web)" ]
}

@test "whole files: new, deleted, of another type, of another mode, binary" {
	printf 'a\0b' >bin
	agent 'echo x >new; rm src/one; rm src/two; ln -s new src/two; chmod 755 tests/old_test.py; printf "a\0c" >bin'
	pod_diff --patch web >"$T/p"
	# Half of a change of type, half of a new file, a note about other contents: refused.
	expect 3 pod_commit --hunks <(sed -n '/^deleted file mode/,$p' "$T/p" | sed '1i diff --git a/src/two b/src/two' | sed '/new file/,$d') web
	expect 3 pod_commit --hunks <(sed 's/^\(index [0-9a-f]*\.\.\)[0-9a-f]*\( 100644\)$/\10000000000000000000000000000000000000000\2/' "$T/p") web
	pod_commit --hunks "$T/p" web | lines 'Committed 5 file(s).'
	[ -z "$(pod_diff web)" ]
	[ -L src/two ] && [ ! -e src/one ] && [ -x tests/old_test.py ] && [ "$(cat new)" = x ]
}

@test "sensitive paths of a patch need --sensitive; masked and system paths are refused as ever" {
	agent 'echo evil >>.gitconfig'
	pod_diff --patch web >"$T/p"
	grep -qx '# M  .gitconfig  \[sensitive\]' "$T/p"
	expect 3 pod_commit --hunks "$T/p" web
	pod_commit --sensitive --hunks "$T/p" web
	grep -qx evil .gitconfig
}

@test "in a pod that lives; dry run; with --rollback-rest" {
	three_hunks
	hunk 1 >"$T/one"
	pod_commit -n --hunks "$T/one" web | grep -qx 'Would commit 1 file(s).'
	seq 60 | diff - src/long
	come_alive
	pod_commit --hunks "$T/one" web
	die_again
	[ "$(pod_diff web)" = 'M  src/long' ]
	pod_diff --patch web >"$T/p"
	hunk 1 | pod_commit --hunks - --rollback-rest web | lines 'Committed 1 file(s). Rolled back 1.'
	sed -e 's/^5$/five/' -e 's/^30$/thirty/' <(seq 60) | diff - src/long
	[ -z "$(pod_diff web)" ]
}

@test "undo takes it back: the host is as it was, diff shows all hunks again" {
	three_hunks
	before=$(host_hashes)
	hunk 2 | pod_commit --hunks - web
	id=$(basename "$(undo_dirs)")
	pod-mount undo web "$id"
	[ "$(host_hashes)" = "$before" ]
	pod_diff --patch web | diff "$T/p" -
	[ "$(pod_diff web)" = 'M  src/long' ]
	pod_commit web
	agent 'cat src/long' | diff - src/long
}

# answers LETTERS [ARG...]: commit -p on a terminal, these answers typed.
answers()
{
	local letters=$1
	shift
	{ printf '%s' "$letters" | sed 's/./&\n/g'; } |
		script -qec "pod-mount commit --cwd '$T/proj' -p $* web; echo status \$?" /dev/null >"$T/tty"
	grep -q '^status 0' "$T/tty"
}

@test "asked on a terminal: y, n, s, a, d, q" {
	three_hunks
	agent 'echo more >>src/one; echo new >new; rm -r tests; echo x >>.gitconfig'
	# .gitconfig no; new yes; src/long: y n d; src/one: q
	answers nyyndq
	grep -q 'sensitive' "$T/tty"
	[ "$(cat new)" = new ]
	sed 's/^5$/five/' <(seq 60) | diff - src/long
	[ "$(cat src/one)" = one ]
	pod_diff web | lines 'M  .gitconfig  [sensitive]
M  src/long
M  src/one
D  tests/old_test.py'
	# An explicit yes is enough for a sensitive path; a deleted directory goes with what was in it.
	answers yaay
	[ ! -e tests ]
	[ -z "$(pod_diff web)" ]
	agent 'cat src/long' | diff - src/long
}

@test "a hunk is split; without a terminal there is nobody to ask; who hangs up commits nothing" {
	seq 20 >src/long
	agent 'sed -i -e "s/^5$/five/" -e "s/^8$/eight/" src/long'
	answers 'syn'
	sed 's/^5$/five/' <(seq 20) | diff - src/long
	expect 64 pod_commit -p web </dev/null
	agent 'echo new >new'
	script -qec "pod-mount commit --cwd '$T/proj' -p web" /dev/null </dev/null >/dev/null || true
	[ ! -e new ]
}

# editor SCRIPT: what edits, as a program of the host; its file is $1.
editor()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$T/editor"
	chmod 755 "$T/editor"
	unset VISUAL
	export EDITOR=$T/editor
}

@test "a hunk is edited: the host has what was left, diff shows the rest, undo brings it back" {
	three_hunks
	before=$(host_hashes)
	# shellcheck disable=SC2016
	editor 'cp "$1" '"$T"'/offered; sed -i -e "s/^+thirty$/+mine/" -e "/^ 31$/a +more" "$1"'
	answers nen
	grep -q '^# ' "$T/offered"
	sed -e 's/^30$/mine/' -e '/^31$/a more' <(seq 60) | diff - src/long
	[ "$(pod_diff web)" = 'M  src/long' ]
	pod_diff --patch web | grep '^[-+][^-+]' | lines '-5
+five
-mine
+thirty
-more
-55
+fifty-five'
	pod-mount undo web "$(basename "$(undo_dirs)")"
	[ "$(host_hashes)" = "$before" ]
}

@test "an edited hunk that does not apply is refused, and asked about again as it was left; an empty one is none" {
	three_hunks
	# shellcheck disable=SC2016
	editor 'echo x >>'"$T"'/times; case $(wc -l <'"$T"'/times) in 1) sed -i "s/^ 29$/ human/" "$1" ;; 2) cp "$1" '"$T"'/second; sed -i "s/^ human$/ 29/" "$1" ;; *) : >"$1" ;; esac'
	answers neee
	grep -q "does not apply: this is not the host's line" "$T/tty"
	grep -qx ' human' "$T/second"
	sed 's/^30$/thirty/' <(seq 60) | diff - src/long
	# shellcheck disable=SC2016
	editor 'grep -v "^[-+ ]" "$1" >"$1.new"; mv "$1.new" "$1"'
	answers ee
	sed 's/^30$/thirty/' <(seq 60) | diff - src/long
	editor 'exit 1'
	answers enn
	grep -q 'the editor (.*) failed' "$T/tty"
	refute grep -q . <(find /tmp "$T" -maxdepth 1 -name 'envpod-??????')
}

@test "VISUAL wins over EDITOR and may have words; the editor is the invoking user's, not root's" {
	three_hunks
	# shellcheck disable=SC2016
	editor 'id -u >'"$T"'/who; [ "$1" = -x ] && shift; stat -c %a:%u "$1" "${1%/*}" >>'"$T"'/who'
	export VISUAL="$EDITOR -x" EDITOR=false SUDO_UID=65534 SUDO_GID=65534
	: >"$T/who"
	chmod 666 "$T/who"
	answers edd
	lines '65534
600:65534
700:65534' <"$T/who"
}
