# Bad luck of every kind: afterwards host and state are whole, and nothing is left mounted.
load ../lib/envpod
setup() { envpod_setup; need root overlay userns; mkdir "$T/work"; cd "$T/work"; }
teardown() { envpod_teardown; }

init() { envpod init web "$@" >/dev/null; }
state() { envpod ls --json web | jq -r .status; }
is_state() { [ "$(state)" = "$1" ]; }

# Nothing of this test is mounted but the pins' private mount, nobody of it lives.
nothing_left()
{
	! pgrep -f "$1" || return 1
	[ "$(grep -c " overlay .*$T" /proc/self/mounts)" = 0 ]
}

@test "two commands on one pod at once: the second ends with 75 and changes nothing" {
	init
	envpod run -w web -- sh -c 'echo x >file'
	exec 8>"$ENVPOD_RUN_DIR/web/lock"
	flock -x 8
	expect 75 envpod commit web
	expect 75 envpod rollback web
	expect 75 envpod destroy --force web
	exec 8>&-
	[ ! -e file ]
	envpod commit web
	[ "$(cat file)" = x ]
}

@test "the disk fills while the agent works: the agent sees ENOSPC, what it wrote stays reviewable" {
	truncate -s 24M "$T/disk"
	mke2fs -q -t ext4 "$T/disk"
	umount_dir=$T/small
	mkdir "$umount_dir"
	mount -o loop "$T/disk" "$umount_dir"
	chmod 700 "$umount_dir"
	export ENVPOD_STATE_DIR=$umount_dir
	init
	run envpod run -w web -- sh -c 'echo kept >small; dd if=/dev/zero of=big bs=1M count=100'
	[ "$status" -ne 0 ]
	[[ $output == *"No space left"* ]]
	envpod diff -z web | tr '\0' '\n' | grep -qx "$T/work/small"
	expect 0 envpod rollback web big
	envpod commit web small
	[ "$(cat small)" = kept ]
	envpod destroy --force web
	umount "$umount_dir"
}

@test "the host's disk is full at commit: refused, the host is as before, the change is still there" {
	truncate -s 16M "$T/disk"
	mke2fs -q -t ext4 "$T/disk"
	mkdir "$T/full"
	mount -o loop "$T/disk" "$T/full"
	cd "$T/full"
	echo mine >file
	init
	envpod run -w web -- sh -c 'echo agent >file; dd if=/dev/urandom of=big bs=1M count=8 2>/dev/null'
	dd if=/dev/zero of="$T/full/filler" bs=1k 2>/dev/null || true
	before=$(hashes .)
	run envpod commit web
	[ "$status" -eq 2 ]
	[ "$(hashes .)" = "$before" ]
	rm filler
	envpod commit web
	[ "$(cat file)" = agent ]
	cd "$T"
	envpod destroy --force web
	umount "$T/full"
}

@test "a controller the pod file needs is missing: 125 with its name, no run without the limit" {
	printf 'processor:\n  memory: 100MB\n' >"$T/pod.yaml"
	init -c "$T/pod.yaml"
	run unshare -m sh -c 'for m in $(awk "/ cgroup2? /{print \$2}" /proc/self/mounts); do
			case $m in */memory|*/unified|/sys/fs/cgroup) umount -l $m;; esac; done
		envpod run web echo ran without limit'
	[ "$status" -eq 125 ]
	[[ $output == *memory* ]]
	[[ $output != *"ran without limit"* ]]
}

@test "a mounted directory that vanished: 125 and its name" {
	mkdir "$T/gone"
	printf 'filesystem:\n  mounts: [{path: %s}]\n' "$T/gone" >"$T/pod.yaml"
	init -c "$T/pod.yaml"
	envpod run web true
	rmdir "$T/gone"
	expect 125 envpod run web true
	[[ $output == *"$T/gone"* ]]
}

@test "kill -9 of the front end's process at many moments leaves no process and no mount" {
	init
	for i in $(seq 0 24); do
		envpod run web -- sleep 4141 &
		pid=$!
		perl -e "select undef, undef, undef, $i * 0.0005"
		kill -9 $pid
		wait $pid || true
		wait_for 10 nothing_left '[s]leep 4141'
	done
	envpod run web true
}

@test "kill -9 of the pod's PID 1 ends the run with 137 and the pod can be run again" {
	init
	envpod run web -- sleep 4142 &
	pid=$!
	wait_for 10 test -s "$ENVPOD_RUN_DIR/web/init.pid"
	wait_for 10 sh -c 'envpod audit --json web | grep -q run_start'
	read -r one _ <"$ENVPOD_RUN_DIR/web/init.pid"
	kill -9 "$one"
	wait $pid || status=$?
	[ "$status" -eq 137 ]
	wait_for 10 nothing_left '[s]leep 4142'
	envpod run web true
}

@test "a pod that forks until its pid limit: stopped at the limit, the host and the next run are well" {
	printf 'processor:\n  max_pids: 64\n' >"$T/pod.yaml"
	init -c "$T/pod.yaml"
	run timeout 60 envpod run web -- sh -c 'i=0; while [ $i -lt 300 ]; do sleep 4143 & i=$((i+1)); done; true'
	[[ $output == *[Ff]ork* || $output == *"Resource temporarily unavailable"* ]]
	wait_for 10 nothing_left '[s]leep 4143'
	envpod run web true
}

@test "a pod that eats its memory limit: killed, reported on stderr and in the audit log" {
	printf 'processor:\n  memory: 64MB\n' >"$T/pod.yaml"
	init -c "$T/pod.yaml"
	run timeout 60 envpod run web -- python3 -c 'x = bytearray(512 << 20); print("had it all")'
	[ "$status" -eq 137 ]
	[[ $output != *"had it all"* ]]
	[[ $output == *[Mm]emory* ]]
	envpod audit web --json | jq -se 'any(.[]; .event == "run_end" and .oom == true) or any(.[]; .event == "run_end" and (.oom | type == "number" and . > 0))'
}

@test "hostile file names survive diff, commit and rollback" {
	init
	envpod run -w web -- python3 - <<'EOF'
import os
for name in (b"new\nline", b"esc\x1b[31mred", b"\xff\xfe invalid", b"x" * 255, b"-rf", b" ", b"back\\slash", "ü".encode()):
    open(name, "w").write("content")
EOF
	run envpod diff web
	[ "$status" -eq 0 ]
	refute grep -q $'\x1b' <<<"$output"
	[ "$(envpod diff -z web | tr -cd '\0' | wc -c)" = 8 ]
	envpod commit web -- ./-rf
	[ "$(cat ./-rf)" = content ]
	envpod diff -z web | envpod commit -z --stdin web
	[ "$(find . -type f | wc -l)" -ge 8 ]
	[ "$(python3 -c 'import os; print(len(os.listdir(b".")))')" = 8 ]
	[ -z "$(envpod diff -z web)" ]
}

@test "100 000 files: listed, counted, committed, gone from the diff" {
	init
	envpod run -w web -- python3 - <<'EOF'
import os
for d in range(1000):
    os.makedirs(f"many/{d}")
    for f in range(100):
        open(f"many/{d}/{f}", "w").write(f"{d} {f}\n")
EOF
	[ "$(envpod diff -z --no-fold web | tr -cd '\0' | wc -c)" -ge 100000 ]
	[ "$(envpod diff web | wc -l)" -lt 5 ]
	run envpod commit web
	[ "$status" -eq 0 ]
	[[ $output == "Committed 100000 file(s)."* ]]
	[ "$(find many -type f | wc -l)" = 100000 ]
	[ "$(cat many/999/99)" = "999 99" ]
	[ -z "$(envpod diff -z web)" ]
}

@test "a planted symlink never redirects a commit" {
	init
	mkdir "$T/outside" real
	echo precious >"$T/outside/file"
	envpod run -w web -- sh -c "rm -r real; ln -s $T/outside real; mkdir d; echo evil >d/file"
	rm -rf d && ln -s "$T/outside" d
	run envpod commit web
	[ "$status" -ne 0 ]
	[ "$(cat "$T/outside/file")" = precious ]
}

@test "the human edits what the agent edited: 3, both sides are there, nothing of the batch applied" {
	init
	echo base >file
	touch -d '1 hour ago' file
	envpod run -w web -- sh -c 'echo agent >file; echo new >other'
	echo human >file
	expect 3 envpod commit web
	[ "$(cat file)" = human ]
	[ ! -e other ]
	[[ $output == *file* ]]
	envpod audit web --json | jq -se 'any(.[]; .event == "commit_refused")'
}

@test "run 1 edits, the human edits, run 2 rewrites by rename: still refused" {
	init
	echo base >file
	envpod run -w web -- sh -c 'echo one >file'
	echo human >file
	envpod run -w web -- sh -c 'echo two >tmp && mv tmp file'
	expect 3 envpod commit web
	[ "$(cat file)" = human ]
}

@test "a pod's deletion of a directory leaves what appeared in it meanwhile" {
	init
	mkdir dir && echo x >dir/seen
	envpod run -w web -- rm -r dir
	echo y >dir/appeared
	run envpod commit web
	[ -e dir/appeared ]
	[ "$(cat dir/appeared)" = y ]
}
