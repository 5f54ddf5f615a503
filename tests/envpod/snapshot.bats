load ../lib/envpod
setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj"
	echo host >"$T/proj/f"
	envpod init web >/dev/null
	cd "$T/proj"
	UPPER=$ENVPOD_STATE_DIR/pods/web/upper/${PWD//\//_}
}
teardown() { envpod_teardown; }

state() { envpod ls --json web | jq -r .status; }

@test "snapshot POD create, ls, restore: the words are pod-mount's, in the user's order" {
	envpod run -w web -- sh -c 'echo one >f'
	envpod snapshot web create -n one
	envpod run -w web -- sh -c 'echo two >f; echo new >g'
	envpod snapshot web restore one
	[ "$(envpod run -w web -- cat f)" = one ]
	envpod snapshot web ls | grep -q ' one$'
	envpod audit web --json | jq -se 'map(.event) | (index("snapshot_create") != null) and (index("restore") != null)'
	[ "$(envpod --print snapshot web create -n x)" = 'pod-mount snapshot web create -n x' ]
	[ "$(cat f)" = host ]
}

@test "a snapshot of a pod that runs: what it had at that moment, links and deletions and all" {
	envpod run -w -b web -- sh -c 'mkdir d; echo 1 >d/1; ln d/1 d/2; chmod 4750 d/1; ln -s d/1 link; mkfifo fifo; rm f
		dd if=/dev/zero of=hole bs=1 count=1 seek=10M 2>/dev/null; touch ready; while [ ! -e ../go ] && [ ! -e go ]; do sleep 0.02; done; echo late >late; rm -r d; touch done; sleep 1000' 2>/dev/null
	wait_for 10 test -e "$UPPER"/ready
	envpod snapshot web create -n live
	[ "$(state)" = running ]
	envpod run -w web -- touch go
	wait_for 10 test -e "$UPPER"/done
	envpod kill web
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
	envpod snapshot web restore live
	run envpod run -w web -- sh -c 'ls; cat d/1; [ d/1 -ef d/2 ] && stat -c "%a %s" d/1 hole; readlink link; [ -p fifo ] && echo fifo'
	echo "$output"; [ "$output" = "d
fifo
hole
link
ready
1
4750 2
644 10485761
d/1
fifo" ]
	# Sparse files stay so.
	[ "$(du -s "$ENVPOD_STATE_DIR"/layers | cut -f1)" -lt 5000 ]
}

@test "a frozen pod is still frozen after its snapshot; a killed snapshot thaws the pod" {
	envpod run -w -b web -- sh -c 'echo x >x; touch ready; sleep 1000' 2>/dev/null
	wait_for 10 test -e "$UPPER"/ready
	envpod lock web
	envpod snapshot web create -n frozen
	[ "$(state)" = frozen ]
	envpod unlock web
	need strace
	# In the middle of the copy.
	strace -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:signal=KILL:when=4 pod-mount snapshot web create -n cut >/dev/null 2>&1 || [ $? -eq 137 ]
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = running ]'
	envpod kill web
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
	refute sh -c 'envpod snapshot web ls | grep -q cut'
	# What the killed one left is cleared away by the next command.
	envpod run -w web -- true
	refute ls -d "$ENVPOD_STATE_DIR"/layers/.new-*
}

@test "destroy archives the layers of snapshots, though there is nothing to commit" {
	envpod run -w web -- sh -c 'echo one >f'
	envpod snapshot web create -n one
	envpod rollback web
	envpod destroy web
	ls -d "$ENVPOD_STATE_DIR"/archive/web-*/snapshots/*
	ls -d "$ENVPOD_STATE_DIR"/archive/web-*/layers/*
}

have_strace() { strace -o /dev/null true 2>/dev/null; }

have_loop() { [ -e /dev/loop-control ]; }
have_btrfs() { modprobe -q btrfs; grep -qw btrfs /proc/filesystems && command -v mkfs.btrfs >/dev/null; }

@test "on btrfs a snapshot of a pod that runs shares its blocks" {
	need loop btrfs
	truncate -s 256M "$T/img"
	mkfs.btrfs -q "$T/img"
	mkdir "$T/fs"
	mount -o loop "$T/img" "$T/fs"
	export ENVPOD_STATE_DIR=$T/fs/state
	mkdir -m 700 "$ENVPOD_STATE_DIR"
	UPPER=$ENVPOD_STATE_DIR/pods/web/upper/${PWD//\//_}
	envpod init web >/dev/null
	envpod run -w -b web -- sh -c 'dd if=/dev/urandom of=big bs=1M count=40 2>/dev/null; touch ready; sleep 1000' 2>/dev/null
	wait_for 20 test -e "$UPPER/ready"
	envpod snapshot web create -n live
	sync -f "$T/fs"
	[ "$(df --output=used -BM "$T/fs" | tail -1 | tr -dc 0-9)" -lt 70 ]
	envpod kill web
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
	envpod snapshot web restore live
	[ "$(envpod run -w web -- stat -c %s big)" = 41943040 ]
}

@test "a commit from a pod that runs changes neither its snapshots nor what its view stands on" {
	envpod run -w web -- sh -c 'echo one >f; echo 1 >a; echo 2 >b'
	envpod snapshot web create -n one >/dev/null
	envpod run -w -b web -- sh -c 'touch ready; while [ ! -e go ]; do sleep 0.02; done; cat a b f >seen; sleep 1000' 2>/dev/null
	wait_for 10 test -e "$UPPER/ready"
	envpod commit web f a
	[ "$(cat f a | tr '\n' ' ')" = "one 1 " ]
	envpod snapshot web destroy one
	envpod gc >/dev/null
	envpod run -w web -- touch go
	wait_for 10 test -s "$UPPER/seen"
	[ "$(tr '\n' ' ' <"$UPPER/seen")" = "1 2 one " ]
	envpod kill web
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
	envpod run -w web -- true
	[ "$(envpod diff web | tr '\n' ' ')" = "A  b A  go A  ready A  seen " ]
	envpod gc >/dev/null
	[ -z "$(envpod fsck web)" ]
	# What the human does now is nobody's but theirs.
	echo human >f
	envpod run -w web -- sh -c '[ "$(cat f)" = human ]'
}

@test "a snapshot of a pod that runs freezes it for a moment, which is nothing to take back" {
	envpod init -c /dev/null still >/dev/null
	envpod run -b still -- sh -c 'echo x >/root/kept; sleep 1000'
	wait_for 10 eval '[ "$(envpod run still -- cat /root/kept)" = x ]'
	envpod snapshot still create
	envpod audit still --json | jq -se 'any(.event == "freeze") and any(.event == "resume")'
	[ -z "$(envpod undo still --json)" ]
	envpod kill still
}

@test "while a live pod is copied nothing in it moves, its guardians neither" {
	need jq
	mkdir "$T/tools"
	cat >"$T/tools/pod-limit" <<-END
		#!/bin/sh
		echo "\$*" >>"$T/asked"
		exec "$B/bin/pod-limit" "\$@"
	END
	chmod 755 "$T/tools/pod-limit"
	envpod run -b web -- sh -c 'echo begun >/srv/begun; exec sleep 1000'
	wait_for 10 envpod run web -- test -e /srv/begun
	ENVPOD_TOOLS=$T/tools envpod snapshot web create
	grep -qx 'freeze --no-undo --part all web' "$T/asked"
	grep -qx 'thaw --no-undo --part all web' "$T/asked"
	: >"$T/asked"
	envpod lock web
	ENVPOD_TOOLS=$T/tools envpod snapshot web create
	grep -qx 'freeze --no-undo --part guardian web' "$T/asked"
	grep -qx 'thaw --no-undo --part guardian web' "$T/asked"
	[ "$(envpod ls --json web | jq -r .status)" = frozen ]
	envpod unlock web
}
