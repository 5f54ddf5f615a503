load ../lib/envpod
load pod
load review
setup() { review_setup; }
teardown() { envpod_teardown; }

@test "names: newlines, escapes, 255 bytes, invalid UTF-8, blanks, dashes" {
	long=$(printf 'x%.0s' $(seq 255))
	agent "printf 1 >\"\$(printf 'new\nline')\"; printf 2 >\"\$(printf 'esc\033[2J')\"; printf 3 >$long
		printf 4 >\"\$(printf 'bad\377utf')\"; printf 5 >'two  blanks '; printf 6 >./-rf; printf 7 >'back\\slash'; printf 8 >'star*'"
	pod_diff web >"$T/out"
	[ "$(wc -l <"$T/out")" -eq 8 ]
	refute grep -q "$(printf '\033')" "$T/out"
	grep -qx 'A  new\\x0aline' "$T/out"
	grep -qx 'A  bad\\xffutf' "$T/out"
	pod_diff --json web | jq -se 'length == 8'
	pod_diff -z web | pod_commit -z --stdin web | lines "Committed 8 file(s)."
	[ "$(cat "$(printf 'new\nline')" "$(printf 'esc\033[2J')" "$long" "$(printf 'bad\377utf')" 'two  blanks ' ./-rf 'back\slash' 'star*')" = 12345678 ]
	[ -z "$(pod_diff web)$(in_layers)" ]
}

@test "nested a thousand deep, and deeper than a path can be" {
	agent 'python3 - <<E
import os
for i in range(1200):
    os.mkdir("d"); os.chdir("d")
open("bottom", "w").write("x")
E'
	[ "$(pod_diff web | grep -c .)" -eq 1 ]
	pod_commit web | lines "Committed 1 file(s)."
	[ -z "$(pod_diff web)" ]
	[ -f "$(printf 'd/%.0s' $(seq 1200))bottom" ]
	agent 'python3 - <<E
import os
os.mkdir("e"); os.chdir("e")
for i in range(3000):
    os.mkdir("d"); os.chdir("d")
open("bottom", "w").write("x")
E'
	pod_diff web | grep -q '\[deep\]$'
	expect 3 pod-mount commit --cwd "$T/proj" web
	pod_rollback web
	[ -z "$(pod_diff web)$(in_layers | grep '^e')" ]
}

@test "a fifo or socket where a file was blocks nobody" {
	agent 'rm src/one; mkfifo src/one; mkfifo pipe; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"src/sock\")"'
	timeout 20 pod-mount diff --cwd "$T/proj" --patch web >/dev/null
	timeout 20 pod-mount diff --cwd "$T/proj" --json web | jq -se 'map(.type) == ["fifo", "fifo", "socket"]'
	timeout 20 pod-mount commit --cwd "$T/proj" web pipe | lines "Committed 1 file(s)."
	[ -p pipe ]
}

@test "a layer with a symlink where a directory was leads nowhere" {
	mkdir -p "$T/precious" src/sub
	echo mine >"$T/precious/file"
	agent 'echo x >src/sub/file'
	rm -r "$(upper_proj)/src"
	ln -s "$T/precious" "$(upper_proj)/src"
	pod_diff web | lines "T  src  (dir -> link)  -> $T/precious  [escapes]
D  src/one
D  src/sub/
D  src/two"
	pod_commit web
	[ -L src ]
	rm src
	[ "$(ls "$T/precious")" = file ]
	[ "$(cat "$T/precious/file")" = mine ]
}

@test "a symlink the human has, which the agent turned into a directory of the same name" {
	mkdir "$T/precious"
	ln -s "$T/precious" link
	agent 'rm link; mkdir link; echo x >link/file'
	pod_commit web link/file
	[ ! -L link ] && [ "$(cat link/file)" = x ]
	[ -z "$(ls "$T/precious")" ]
}

@test "a symlink that appears on the host in a committed path's way is not followed" {
	mkdir way "$T/precious"
	agent 'mkdir way/in; echo x >way/in/file; echo y >way/file'
	rmdir way
	ln -s "$T/precious" way
	run pod-mount commit --cwd "$T/proj" web
	[ "$status" -ne 0 ]
	[ -z "$(ls "$T/precious")" ]
	[ -L way ]
	refute grep -q . <(find "$ENVPOD_STATE_DIR/pods/web/undo" -name open)
	[ -n "$(pod_diff web)" ]
}

@test "whiteouts, opaque marks and redirects of the agent's own making" {
	mkdir d
	echo 1 >d/f
	agent 'echo x >a'
	u=$(upper_proj)
	mknod "$u/nothing-there" c 0 0
	mkdir "$u/d"
	setfattr -n trusted.overlay.redirect -v '../../../../etc' "$u/d"
	mkdir "$u/r"
	setfattr -n trusted.overlay.redirect -v '/../../etc' "$u/r"
	mkdir "$u/s"
	setfattr -n trusted.overlay.redirect -v "/$(printf 'a/%.0s' $(seq 900))" "$u/s"
	pod_diff web >"$T/out"
	refute grep -q passwd "$T/out"
	pod_commit web a | lines "Committed 1 file(s)."
}

@test "a hundred thousand files: listed, committed, rolled back" {
	agent 'mkdir m; python3 - <<E
for i in range(100000):
    d = "m/%03d" % (i % 100)
    if i < 100:
        import os; os.mkdir(d)
    open("%s/%d" % (d, i), "w").close()
E'
	pod_diff web | lines "A  m/...  (100000 files)"
	[ "$(pod_diff -z web | tr -cd '\0' | wc -c)" -eq 100101 ]
	pod_commit web m/000 | lines "Committed 1000 file(s)."
	pod_rollback web | lines "Rolled back 99000 file(s)."
	[ "$(find m -type f | wc -l)" -eq 1000 ]
	[ -z "$(pod_diff web)$(in_layers)" ]
}
