load ../lib/envpod
load pod
load review
# Killed before every system call that changes a file, by strace: never half a file, never a lost
# pre-image, and the next command ends what was begun, one way or the other.
setup() { review_setup; need strace; }
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }

calls=mkdirat,renameat,renameat2,symlinkat,unlinkat,write,fchmod,fchown,mknodat,fsetxattr,fremovexattr,fsync,syncfs

# killed_at N COMMAND...: 0 when the Nth call was reached and the command died of it.
killed_at()
{
	local n=$1 r=0
	shift
	strace -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" "$@" >/dev/null 2>&1 || r=$?
	[ "$r" -eq 137 ]
}

work='echo new >src/one; rm src/two; mkdir n; echo f >n/f; chmod 700 tests; ln -s x l; rm tests/old_test.py; mkdir tests/old_test.py'

snapshot() # of host, state and run, to begin again from
{
	tar -C "$T" --xattrs --xattrs-include='*' -cf "$T.tar" proj state
}

again()
{
	rm -rf "$T/proj" "$T/state"
	tar -C "$T" --xattrs --xattrs-include='*' -xf "$T.tar"
	cd "$T/proj"
}


@test "commit, killed anywhere: all of it or nothing of it, after the next command" {
	host_hashes >"$T/old"
	agent "$work"
	view_hashes >"$T/new"
	snapshot
	for n in $(seq 400); do
		again
		if ! killed_at "$n" pod-mount commit --cwd "$T/proj" web; then
			host_hashes | diff "$T/new" - && break
			[ "$n" -gt 400 ]
		fi
		pod-mount diff --cwd "$T/proj" web >"$T/diff" 2>"$T/err" || { cat "$T/err"; false; }
		host_hashes >"$T/now"
		if diff -q "$T/new" "$T/now" >/dev/null; then
			[ ! -s "$T/diff" ]
		else
			diff "$T/old" "$T/now"
			[ -s "$T/diff" ]
		fi
		view_hashes | diff "$T/new" - || { echo "view after $n"; false; }
		[ ! -e "$ENVPOD_STATE_DIR/pods/web/undo/open" ]
	done
	[ "$n" -gt 30 ]
	rm -f "$T.tar"
}

@test "rollback, killed anywhere: what it had not dropped by then is dropped by the next, or all is back" {
	host_hashes >"$T/old"
	agent "$work"
	view_hashes >"$T/new"
	snapshot
	for n in $(seq 400); do
		again
		if ! killed_at "$n" pod-mount rollback --cwd "$T/proj" web; then
			view_hashes | diff "$T/old" - && break
		fi
		pod-mount diff --cwd "$T/proj" web >"$T/diff" 2>"$T/err" || { cat "$T/err"; false; }
		host_hashes | diff "$T/old" -
		view_hashes >"$T/now"
		diff -q "$T/new" "$T/now" >/dev/null || diff "$T/old" "$T/now" || { echo "view after $n"; false; }
	done
	[ "$n" -gt 15 ]
	rm -f "$T.tar"
}
