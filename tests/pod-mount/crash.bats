load ../lib/envpod
load pod
# Killed before every system call that changes a file: what strace injects is a real SIGKILL.
setup()
{
	envpod_setup
	need root overlay userns strace
	mkdir "$T/proj"
	pod web
}
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }

# Everything that changes a file, a name or a mount.
calls=mkdirat,renameat,renameat2,symlinkat,unlinkat,write,pwrite64,fchmod,fchown,mknodat,fsetxattr,linkat,rename,mount

# killed_at N COMMAND...: 0 when the Nth call was reached and the command died of it.
killed_at()
{
	local n=$1 r=0
	shift
	strace -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" "$@" >/dev/null 2>&1 || r=$?
	[ "$r" -eq 137 ]
}

in_proj() { pod-mount enter -w "$T/proj" web -- sh -c "cd ./$T/proj && $1"; }

nothing_left()
{
	refute grep -q "$T/run/web/root" /proc/self/mountinfo
	refute ls -d "$ENVPOD_STATE_DIR"/layers/.new-* 2>/dev/null
	[ ! -L "$ENVPOD_STATE_DIR/pods/web/turnover" ]
	[ "$(ls "$ENVPOD_STATE_DIR/layers" | wc -l)" -eq "$(layers web)" ]
}

@test "kill -9 at any point of turn-over and view: nothing of the agent's is lost" {
	local n=0 i
	in_proj 'echo 0 >f0'
	for i in $(seq 200); do
		killed_at "$i" pod-mount enter -w "$T/proj" web -- true || break
		in_proj "cat f0 >/dev/null && [ \$(ls | wc -l) = $((i)) ] && echo $i >f$i"
		nothing_left
		n=$i
	done
	# It was killed at a good number of places, and then there were no more.
	[ "$n" -ge 15 ]
	[ "$n" -lt 200 ]
}

@test "kill -9 at any point of a merge of layers: the view is the same" {
	local i n=0
	for i in $(seq 25); do in_proj "echo $i >n$i; mkdir -p d e; echo $i >d/f; rm -rf e; mkdir e; echo $i >e/g$i; ln -f n$i link"; done
	cp -a "$ENVPOD_STATE_DIR" "$T/saved"
	for i in $(seq 1 19 2000); do
		rm -rf "$ENVPOD_STATE_DIR" && cp -a "$T/saved" "$ENVPOD_STATE_DIR"
		killed_at "$i" pod-mount enter -w "$T/proj" web -- true || break
		n=$i
		in_proj '[ "$(ls -A | wc -l)" = 28 ] && [ "$(cat d/f)" = 25 ] && [ "$(ls e)" = g25 ] && [ "$(cat link)" = 25 ]'
		nothing_left
	done
	[ "$n" -gt 100 ]
}

@test "kill -9 at any point of prepare: the next one makes it whole" {
	local i n=0
	for i in $(seq 1 61 3000); do
		rm -rf "$ENVPOD_STATE_DIR/pods/web"/{mask,mask.new,mask.list,stack}
		killed_at "$i" pod-mount prepare web || break
		n=$i
		in_view web '[ ! -e etc/shadow ] && [ -e etc/passwd ]'
	done
	[ "$n" -gt 100 ]
}

@test "kill -9 at any point of remove: it can be done again" {
	local i
	for i in $(seq 1 17 600); do
		mkdir -p "$ENVPOD_STATE_DIR/pods/web"
		[ -e "$ENVPOD_STATE_DIR/pods/web/mask.list" ] || pod-mount prepare web
		in_proj "echo $i >f; echo $i >g"
		in_proj true
		killed_at "$i" pod-mount remove web || break
		pod-mount remove web
		[ -z "$(ls "$ENVPOD_STATE_DIR/layers")" ]
		refute grep -q "$T/run/web/" /proc/self/mountinfo
	done
	[ "$i" -gt 30 ]
}

@test "a full disk while the upper is turned over: it stays where it is" {
	truncate -s 24M "$T/disk"
	mkfs.ext4 -q "$T/disk"
	apart '. "$TOP/tests/lib/envpod.bash"; mount -o loop "$T/disk" /mnt; export ENVPOD_STATE_DIR=/mnt/state
		pod web
		pod-mount enter -w "$T/proj" web -- sh -c "echo agent >./$T/proj/work; for i in \$(seq 300); do echo >./$T/proj/f\$i; done"
		dd if=/dev/zero of=/mnt/fill bs=64k 2>/dev/null || true
		for i in $(seq 2000); do : >"/mnt/fill$i" 2>/dev/null || break; printf "%4096s" >"/mnt/fill$i" 2>/dev/null || break; done
		! pod-mount enter -w "$T/proj" web -- true 2>"$T/err"
		grep -q "space" "$T/err"
		rm -f /mnt/fill*
		pod-mount enter -w "$T/proj" web -- sh -c "[ \$(cat ./$T/proj/work) = agent ] && [ \$(ls ./$T/proj | wc -l) = 301 ]"'
}

@test "a reboot: pins are empty files, locks and markers of a dead boot" {
	in_proj 'echo 1 >f'
	umount -l "$ENVPOD_RUN_DIR/web/ns"
	mkdir -p "$ENVPOD_RUN_DIR/web/ns"
	: >"$ENVPOD_RUN_DIR/web/ns/user"
	# A pid that somebody else has by now.
	sleep 100 3>&- &
	echo "$! 1" >"$ENVPOD_RUN_DIR/web/init.pid"
	in_proj '[ "$(cat f)" = 1 ] && [ -z "$ENVPOD_JOIN" ]'
	kill $!
}

@test "the clock was set back: the base of everything is in doubt" {
	echo host >"$T/proj/f"
	in_proj 'echo pod >f'
	# As if the view had begun an hour from now.
	read -r start rest <"$ENVPOD_STATE_DIR/pods/web/view"
	echo "$((start + 3600000000000)) $rest" >"$ENVPOD_STATE_DIR/pods/web/view"
	pod-mount seal web auto
	grep -q "^? .* $T/proj/f$" "$ENVPOD_STATE_DIR"/layers/*/base
}

@test "a base that a power cut has torn: a doubt, not a loss" {
	in_proj 'echo 1 >f'
	pod-mount seal web auto
	: >"$(echo "$ENVPOD_STATE_DIR"/layers/*/base)"
	in_proj '[ "$(cat f)" = 1 ]; echo 2 >f'
	in_proj '[ "$(cat f)" = 2 ]'
}
