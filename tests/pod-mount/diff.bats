load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

@test "nothing changed: nothing on stdout, status 0, and 0 with --exit-code" {
	agent true
	[ -z "$(pod_diff web)" ]
	pod_diff --exit-code web
	[ -z "$(pod_diff --json web)$(pod_diff -z web)" ]
}

@test "the letters, the paths as seen from the caller, the fold" {
	agent 'echo x >>.gitconfig; echo u >src/utils.py; echo h >src/helper.py; rm tests/old_test.py
		mkdir node_modules; for i in $(seq 47); do echo $i >node_modules/f$i; done'
	pod_diff web | lines "M  .gitconfig  [sensitive]
A  node_modules/...  (47 files)
A  src/helper.py
A  src/utils.py
D  tests/old_test.py"
	expect 1 pod-mount diff --exit-code web
	[ "$(pod_diff --no-fold web | grep -c '^A  node_modules/f')" -eq 47 ]
	pod_diff web src | lines "A  src/helper.py
A  src/utils.py"
	pod-mount diff --cwd "$T/proj/src" web "$T/proj/src" | lines "A  helper.py
A  utils.py"
	pod-mount diff --cwd /nowhere web "$T/proj/tests" | lines "D  $T/proj/tests/old_test.py"
}

@test "identical content is no change, nor is a directory's time; mode, owner, type, attributes are" {
	agent 'echo one >src/one; touch src; chmod 755 src/two'
	pod_diff web | lines "M  src/two  (mode 0644 -> 0755)"
	agent 'chmod 644 src/two; rm src/two; mkdir src/two; echo in >src/two/in; chmod 700 tests
		rm src/one; ln -s two src/one; setfattr -n user.mark -v x tests/old_test.py; chown 7:8 .gitconfig'
	pod_diff web | lines "M  .gitconfig  (owner 0:0 -> 7:8)  [sensitive]
T  src/one  (file -> link)  -> two
T  src/two  (file -> dir)
A  src/two/in
M  tests/  (mode 0755 -> 0700)
M  tests/old_test.py  (attributes)"
}

@test "a deleted directory lists each file that was in it, an empty one itself" {
	mkdir -p gone/deep empty
	touch gone/a gone/deep/b
	agent 'rm -r gone empty'
	pod_diff web | lines "D  empty/
D  gone/a
D  gone/deep/b"
}

@test "sensitive names and deletions are never folded away" {
	mkdir big
	touch big/was
	agent 'rm -r big; mkdir -p new/.git/hooks; for i in $(seq 20); do echo >new/$i; done
		echo boo >new/.git/hooks/pre-commit; echo "#!" >new/.envrc; mkdir big
		truncate -s 20M new/huge; ln -s /etc/passwd new/out; echo >new/tool; chmod 4755 new/tool'
	pod_diff web >"$T/out"
	grep -qx 'A  new/...  (25 files, 1 large)' "$T/out"
	grep -qx 'A  new/out  -> /etc/passwd  \[escapes\]' "$T/out"
	grep -qx 'A  new/tool  \[setuid\]' "$T/out"
	diff "$T/out" <(pod-mount commit --cwd "$T/proj" --sensitive -n web | sed '$d')
	grep -qx 'A  new/.git/hooks/pre-commit  \[sensitive\]' "$T/out"
	grep -qx 'A  new/.envrc  \[sensitive\]' "$T/out"
	grep -qx 'D  big/was' "$T/out"
}

@test "marks: setuid, escapes, large, binary" {
	agent 'echo x >tool; chmod 4755 tool; ln -s /etc/passwd link; ln -s src inside
		truncate -s 20M large; printf "a\0b" >bin'
	pod_diff web >"$T/out"
	grep -q '^A  tool .*\[.*setuid.*\]' "$T/out"
	grep -q '^A  link  -> /etc/passwd  \[escapes\]' "$T/out"
	grep -qx 'A  inside  -> src' "$T/out"
	grep -q '^A  large .*\[.*large.*\]' "$T/out"
	grep -qx 'A  bin  \[binary\]' "$T/out"
	diff "$T/out" <(pod-mount commit --cwd "$T/proj" -n web | sed '$d')
	pod_diff --json web bin | jq -e '.marks == ["binary"]'
	pod_diff --patch web bin | grep -q '^Binary files'
}

@test "json: absolute, typed, both sides" {
	agent 'echo more >>src/one; rm src/two; echo x >new'
	pod_diff --json web >"$T/out"
	[ "$(wc -l <"$T/out")" -eq 3 ]
	jq -se --arg p "$T/proj" 'map(.path) == [$p + "/new", $p + "/src/one", $p + "/src/two"]' "$T/out"
	jq -se 'map(.kind) == ["A", "M", "D"] and .[1].what == ["content"]' "$T/out"
	jq -se '.[1].host.size == 4 and .[1].size == 9 and .[1].layer == "upper" and .[1].mode == "0644"' "$T/out"
	jq -se 'all(.type == "file" and .marks == [])' "$T/out"
}

@test "patch: what patch(1) makes of it is what the pod has" {
	seq 100 >long
	agent 'seq 50 >l; echo mid >>l; seq 52 100 >>l; mv l long; printf "no newline" >src/one; echo new >added; rm src/two'
	pod_diff --patch web >"$T/p"
	cp -r "$T/proj" "$T/copy"
	(cd "$T/copy" && git init -q . && git apply -p1 "$T/p" && rm -rf .git)
	agent 'find . -type f -exec sha256sum {} +' | sort >"$T/want"
	(cd "$T/copy" && find . -type f -exec sha256sum {} +) | sort | diff - "$T/want"
	pod_diff --stat web | grep -qx ' 4 files changed, 3 insertions(+), 3 deletions(-)'
}

@test "only what is tracked, unless --all; what setup did only with --setup" {
	mkdir -p "$T/elsewhere"
	agent "echo x >in; mkdir -p ../elsewhere; echo y >../elsewhere/out || true"
	pod_diff web | lines "A  in"
	pod-mount seal web setup
	[ -z "$(pod_diff web)" ]
	pod_diff --setup web | lines "A  in"
	agent 'echo z >>in'
	pod_diff web | lines "A  in"
}

@test "several runs are one diff: what a later one takes back is none" {
	agent 'echo x >a; echo y >b; rm src/one; mkdir d; echo 1 >d/f'
	agent 'rm a; echo one >src/one; rm -r d'
	agent 'rm b; echo y2 >b; mkdir d; echo 2 >d/g'
	[ "$(layers web)" -eq 2 ]
	pod_diff web | lines "A  b
A  d/g"
}

@test "a directory that was moved: gone there, new here; again, and edited on the way" {
	mkdir -p lib/deep
	echo a >lib/a
	echo b >lib/deep/b
	agent 'mv lib lib2'
	pod_diff web | lines "D  lib/a
D  lib/deep/b
A  lib2/a
A  lib2/deep/b"
	agent 'echo more >>lib2/deep/b; mv lib2 src/lib3; rm src/lib3/a'
	pod_diff web | lines "D  lib/a
D  lib/deep/b
A  src/lib3/deep/b"
	pod_diff --json web src | jq -e '.size == 7'
}

@test "what the human did meanwhile is a conflict, in both forms of the trap" {
	agent 'echo run1 >src/one; rm src/two; true'
	echo human >src/one
	echo human >src/two
	agent 'echo run2 >x; mv x src/one; echo run2 >src/two'
	pod_diff web >"$T/out"
	grep -qx 'M  src/one  \[conflict\]' "$T/out"
	grep -qx 'M  src/two  \[conflict\]' "$T/out"
}

@test "a pod that another command holds: status 75" {
	agent 'echo x >a'
	exec 9>"$ENVPOD_RUN_DIR/web/lock"
	flock 9
	expect 75 pod-mount diff web
	expect 75 pod-mount commit web
	expect 75 pod-mount rollback web
	exec 9>&-
	pod_diff web | lines "A  a"
}

@test "no such pod, no such option" {
	expect 2 pod-mount diff nopod
	expect 64 pod-mount diff --nonsense web
	expect 64 pod-mount diff
}

@test "what both sides leave empty is not read" {
	truncate -s 8T src/one
	printf end >>src/one
	truncate -s 9T src/gone
	agent 'chmod 600 src/one; rm src/gone; truncate -s 9T src/come'
	timeout 30 pod-mount diff --cwd "$T/proj" -M web | lines "R  src/gone -> src/come  (100%)  [binary, large]
M  src/one  (mode 0644 -> 0600)  [binary, large]"
}
