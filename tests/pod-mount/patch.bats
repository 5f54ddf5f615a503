load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

# git_modes DIR: what git knows of a tree: types, the right to execute, contents.
git_modes()
{
	(cd "$1" && find . -name .git -prune -o \( -type f -o -type l \) -printf '%y %p %l %m\0' |
		perl -0pe 's/ ([0-7]+)\0/(oct($1) & 0100 ? " x" : " -") . "\0"/e; s/\n/\\n/g' | tr '\0' '\n' | LC_ALL=C sort
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

# applies [OPTION...]: git apply of the patch onto a copy of the host's tree gives what the pod has.
applies()
{
	rm -rf "$T/copy" "$T/want"
	cp -a "$T/proj" "$T/copy"
	pod_diff --binary "$@" web >"$T/p"
	(cd "$T/copy" && GIT_CEILING_DIRECTORIES=$T git apply "$T/p") || return
	mkdir "$T/want"
	agent 'tar -cf - .' | tar -C "$T/want" -xf -
	diff <(git_modes "$T/want") <(git_modes "$T/copy")
}

@test "hundreds of random edits: what git apply makes of the patch is what the pod has" {
	seed=${SEED:-$RANDOM}
	echo "# SEED=$seed" >&3
	perl "$TOP/tests/pod-mount/edits.pl" "$seed" make "$T/proj"
	agent "perl '$TOP/tests/pod-mount/edits.pl' $seed edit ."
	[ "$(pod_diff --no-fold web | wc -l)" -gt 150 ]
	applies
	grep -q '^GIT binary patch' "$T/p"
	grep -q '^\\ No newline at end of file' "$T/p"
	grep -q '^new file mode 120000' "$T/p"
	grep -q '^old mode 100644' "$T/p"
	grep -q '^diff --git "a/' "$T/p"
	applies -M
	grep -q '^rename from' "$T/p"
	applies -M100%
	expect 0 git apply --numstat "$T/p"
}

@test "binary content is noted, and with --binary it is there" {
	printf 'a\0b' >bin
	agent 'printf "a\0c" >bin; printf "\0" >new; truncate -s 20M large'
	pod_diff --patch web >"$T/p"
	grep -qx 'Binary files a/bin and b/bin differ' "$T/p"
	grep -qx 'Binary files /dev/null and b/new differ' "$T/p"
	grep -qx 'Binary files /dev/null and b/large differ' "$T/p"
	grep -qE '^index [0-9a-f]{40}\.\.[0-9a-f]{40} 100644$' "$T/p"
	agent 'rm large'
	applies
	(cd "$T/copy" && GIT_CEILING_DIRECTORIES=$T git apply -R "$T/p" && cmp bin "$T/proj/bin")
}

@test "what a patch cannot carry stands in comments" {
	agent 'chmod 600 src/one; chown 7:8 src/two; mkdir empty; mkfifo pipe; echo x >.envrc
		printf "\033[2J\n" >src/new; mv tests/old_test.py "tests/$(printf "a\nb")"'
	pod_diff --patch web | grep '^#' | lines '# A  .envrc  [sensitive]
# A  empty/
# A  pipe
# M  src/one  (mode 0644 -> 0600)
# M  src/two  (owner 0:0 -> 7:8)'
	pod_diff -M --patch web | grep -qx 'rename to "tests/a\\nb"'
	applies
}

@test "a terminal is not steered by what a file holds; a pipe gets it as it is" {
	agent 'printf "\033[2J\\\\x\n" >src/one'
	pod_diff --patch web | grep -qF $'+\033[2J\\x'
	script -qec "pod-mount diff --patch --cwd '$T/proj' web" /dev/null >"$T/tty"
	grep -qF '+\x1b[2J\x' "$T/tty"
	refute grep -qF $'\033[2J' "$T/tty"
}

@test "seen from the root when something lies elsewhere, and a comment says so" {
	agent 'echo x >>src/one'
	mkdir "$T/sub"
	pod-mount diff --cwd "$T/proj/src" --patch web | grep -qx -- '--- a/one'
	pod-mount diff --cwd "$T/sub" --patch web >"$T/p"
	head -1 "$T/p" | lines '# paths are seen from /'
	grep -qx -- "+++ b$T/proj/src/one" "$T/p"
	(cd / && git apply --check "$T/p")
}

@test "renames: equal, alike, above the given likeness, in text, json, stat and patch" {
	seq 100 >src/long
	seq 200 300 >src/other
	agent 'mv src/one src/uno; sed -i "s/^5$/five/" src/long; mv src/long tests/long; sed -i 1,60d src/other; mv src/other o'
	pod_diff -M web | lines 'A  o
D  src/other
R  src/one -> src/uno  (100%)
R  src/long -> tests/long  (98%)'
	pod_diff --find-renames=100 web | grep -c '^R' | lines 1
	pod_diff -M30 web | grep -qx 'R  src/other -> o  (40%)'
	pod_diff web | refute grep '^R'
	pod_diff -M --json web | jq -se --arg p "$T/proj" \
		'map(select(.kind == "R")) | map([.path, .renamed_from, .similarity]) == [[$p + "/src/uno", $p + "/src/one", 100], [$p + "/tests/long", $p + "/src/long", 98]]'
	pod_diff -M --json web | jq -se 'length == 4'
	pod_diff -M --stat web | lines ' o                       |  41 +++++++++++++++++++++++
 src/other               | 101 --------------------------------------------------------
 src/one => src/uno      |   0
 src/long => tests/long  |   2 +-
 4 files changed, 42 insertions(+), 102 deletions(-)' || pod_diff -M --stat web
	expect 64 pod_diff -M101 web
	expect 64 pod_diff -Mhalf web
	# A sensitive file that goes is seen, whatever it is called now.
	agent 'mv .gitconfig harmless'
	pod_diff -M web | grep -qx 'R  .gitconfig -> harmless  (100%)  \[sensitive\]'
}

@test "stat is git's" {
	seq 1000 >src/long
	mkdir -p "a-rather-long-name-of-a-directory/and-another-one-below-it-that-is-long/and-one-more"
	agent 'seq 500 >src/long; echo x >>src/one; printf "\0" >bin
		seq 30 >a-rather-long-name-of-a-directory/and-another-one-below-it-that-is-long/and-one-more/file; : >empty'
	cp -a "$T/proj" "$T/b"
	pod_diff --binary web >"$T/p"
	(cd "$T/b" && git init -q && git -c core.excludesFile= add -A && git -c user.name=x -c user.email=x commit -qm x &&
		git apply "$T/p" && git add -A && git diff --cached --stat --no-renames) >"$T/want"
	pod_diff --stat web | diff -u "$T/want" -
}
