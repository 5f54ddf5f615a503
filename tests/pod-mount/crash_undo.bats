load ../lib/envpod
load pod
load review
# Undo, killed before every system call that changes a file.  Everything lies on a small filesystem of
# its own: its image is what each try begins with, inodes and times included.
setup() { envpod_setup; need root overlay userns strace loop; }
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }
have_loop() { [ -e /dev/loop-control ] && command -v mkfs.ext4 >/dev/null; }

calls='mkdirat renameat2 renameat symlinkat unlinkat write fchmod fchown mknodat fsetxattr utimensat'
work='echo new >src/one; rm src/two; mkdir n; echo f >n/f; chmod 700 tests; ln -s x l; rm tests/old_test.py; mkdir tests/old_test.py'

# on_disk SCRIPT: in a mount namespace with the disk at $T/d; project and state lie on it, or with
# far=1 the project on another.
on_disk()
{
	truncate -s 24M "$T/disk" "$T/disk2"
	mkfs.ext4 -q -O ^has_journal "$T/disk"
	mkfs.ext4 -q -O ^has_journal "$T/disk2"
	mkdir "$T/d"
	apart ". '$TOP/tests/lib/envpod.bash'; . '$TOP/tests/pod-mount/review.bash'
		$(declare -f killed_at plug unplug again state_of each_kill)
		far=${far:-}
		calls='$calls' work='$work' R='$T' T='$T/d'
		export ENVPOD_STATE_DIR=\$T/state
		mount -o loop \$R/disk \$T
		mkdir \$T/proj
		if [ -n '${far:-}' ]; then mount -o loop \$R/disk2 \$T/proj; rmdir \$T/proj/lost+found; fi
		project; T=\$R pod web
		cd \$T/proj
		$1
		echo >\$R/fine" || return
	[ -e "$T/fine" ]
}

killed_at()
{
	local r=0
	strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" "${@:3}" >/dev/null 2>&1 || r=$?
	[ "$r" -eq 137 ]
}

plug()
{
	mount -o loop "$R/disk" "$T"
	[ -z "$far" ] || mount -o loop "$R/disk2" "$T/proj"
	cd "$T/proj"
}

unplug()
{
	cd /
	[ -z "$far" ] || umount "$T/proj"
	umount "$T"
}

# The disks as they were when they were saved.
again()
{
	unplug
	cp --sparse=always "$R/saved" "$R/disk"
	[ -z "$far" ] || cp --sparse=always "$R/saved2" "$R/disk2"
	plug
}

# Everything of the host's that an undo is to bring back, and what diff says.
state_of()
{
	local changes
	changes=$(pod-mount diff --cwd "$T/proj" web)
	find . -mindepth 1 ! -type d -printf '%y %m %U %G %T@ %s %P %l\n' | LC_ALL=C sort
	find . -mindepth 1 -type d -printf '%y %m %U %G %P\n' | LC_ALL=C sort
	find . -type f | LC_ALL=C sort | xargs -r sha256sum
	echo "$changes"
}

# each_kill WORDS...: before or after, never between, and nothing is left over.
each_kill()
{
	local call n kills=0
	unplug
	cp --sparse=always "$R/disk" "$R/saved"
	cp --sparse=always "$R/disk2" "$R/saved2"
	plug
	state_of >"$R/before"
	"$@"
	state_of >"$R/after"
	for call in $calls; do for n in $(seq 400); do
		again
		killed_at "$call" "$n" "$@" || break
		kills=$((kills + 1))
		state_of >"$R/now"
		cmp -s "$R/now" "$R/after" || diff "$R/before" "$R/now"
		[ ! -e "$ENVPOD_STATE_DIR/pods/web/undo/open" ]
		[ "$(ls "$ENVPOD_STATE_DIR/layers" | wc -l)" -eq "$(wc -l <"$ENVPOD_STATE_DIR/pods/web/stack")" ]
		[ "$(ls -A "$T" | tr '\n' ' ')" = "lost+found proj state " ]
	done; done
	state_of | diff "$R/after" -
	[ "$kills" -gt "${min:-25}" ]
}

@test "undo of a commit, killed anywhere" {
	on_disk 'agent "$work"; pod_commit web; each_kill pod-mount undo web 2'
}

@test "undo of an undo, killed anywhere" {
	on_disk 'agent "$work"; pod_commit web; pod-mount undo web 2
		each_kill pod-mount undo web "$(undo_dirs | tail -1 | xargs basename)"'
}

@test "undo of a rollback, killed anywhere" {
	on_disk 'agent "$work"; agent "echo more >>n/f; chmod 750 src"; pod_rollback web; min=10 each_kill pod-mount undo web 2'
}

@test "undo of a commit to another filesystem, killed anywhere" {
	far=1 on_disk 'agent "$work"; pod_commit web; each_kill pod-mount undo web 2'
}
