load ../lib/envpod
load pod
load review
# Killed before every system call that changes a file, by strace: never half a file, never a lost
# pre-image, and the next command ends what was begun, one way or the other.
setup() { review_setup; need strace; kills=0; }
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }

calls='mkdirat renameat renameat2 symlinkat unlinkat write fchmod fchown mknodat fsetxattr fremovexattr fsync syncfs'

# killed_at CALL N COMMAND...: 0 when the Nth CALL was reached and the command died of it.  (strace
# counts each system call of a set for itself.)
killed_at()
{
	local call=$1 n=$2 r=0
	shift 2
	strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$@" >/dev/null 2>&1 || r=$?
	[ "$r" -eq 137 ]
}

work='echo new >src/one; rm src/two; mkdir n; echo f >n/f; chmod 700 tests; ln -s x l; rm tests/old_test.py; mkdir tests/old_test.py'

# The same work in a fresh project and pod.  (Not from a copy: copies have other times than the base.)
again()
{
	cd "$T"
	pod-mount remove web
	rm -rf "$T/proj" "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR/web"
	project
	pod web
	cd "$T/proj"
	agent "$work"
}

@test "commit, killed anywhere: all of it or nothing of it, after the next command" {
	host_hashes >"$T/old"
	agent "$work"
	view_hashes >"$T/new"
	for call in $calls; do for n in $(seq 400); do
		again
		killed_at "$call" "$n" pod-mount commit --cwd "$T/proj" web || break
		kills=$((kills + 1))
		pod_diff web >"$T/diff"
		host_hashes >"$T/now"
		if diff -q "$T/new" "$T/now"; then
			[ ! -s "$T/diff" ]
		else
			diff "$T/old" "$T/now"
			[ "$(wc -l <"$T/diff")" -eq 6 ]
		fi
		[ ! -e "$ENVPOD_STATE_DIR/pods/web/undo/open" ]
		view_hashes | diff "$T/new" -
	done; done
	host_hashes | diff "$T/new" -
	[ "$kills" -gt 30 ]
}

@test "commit, killed anywhere: what was cut off can still be committed after another run" {
	work='mkdir -p n/m; echo f >n/m/f; mv src lib; echo e >>lib/one; rm tests/old_test.py; mkdir tests/old_test.py; echo x >tests/old_test.py/in'
	agent "$work"
	view_hashes >"$T/new"
	for call in $calls; do for n in $(seq 1 3 40); do
		again
		killed_at "$call" "$n" pod-mount commit --cwd "$T/proj" web || break
		kills=$((kills + 1))
		agent true
		pod_diff web >"$T/diff"
		refute grep conflict "$T/diff"
		[ ! -s "$T/diff" ] || pod_commit web
		host_hashes | diff "$T/new" -
	done; done
	[ "$kills" -gt 20 ]
}

@test "commit to another filesystem, killed anywhere" {
	apart "T='$T'; . '$TOP/tests/pod-mount/review.bash'
		$(declare -f killed_at)
		mkdir '$T/far'; mount -t tmpfs none '$T/far'
		for call in $calls; do for n in \$(seq 400); do
			cd '$T'; pod-mount remove web; rm -rf '$T/far/proj' \"\$ENVPOD_STATE_DIR\" \"\$ENVPOD_RUN_DIR/web\"
			T='$T/far' project; T='$T' pod web; T='$T/far'; cd '$T/far/proj'
			agent 'echo new >src/one; rm src/two; mkdir n; echo f >n/f'
			killed_at \$call \$n pod-mount commit --cwd '$T/far/proj' web || break
			pod_diff web >'$T/diff'
			if [ -e n/f ]; then
				[ ! -s '$T/diff' ] && [ ! -e src/two ] && [ \$(cat src/one) = new ]
			else
				[ -e src/two ] && [ ! -e n ] && [ \$(cat src/one) = one ] && [ \$(wc -l <'$T/diff') -eq 3 ]
			fi
			[ \"\$(ls -A '$T/far')\" = proj ]
			kills=\$((\${kills:-0} + 1))
		done; done
		[ \$kills -gt 15 ] && [ -e n/f ] && echo >'$T/fine'"
	[ -e "$T/fine" ]
}

@test "rollback, killed anywhere: all of it or nothing of it, after the next command" {
	host_hashes >"$T/old"
	agent "$work"
	view_hashes >"$T/new"
	for call in $calls; do for n in $(seq 400); do
		again
		killed_at "$call" "$n" pod-mount rollback --cwd "$T/proj" web || break
		kills=$((kills + 1))
		pod_diff web >"$T/diff"
		host_hashes | diff "$T/old" -
		view_hashes >"$T/now"
		if diff -q "$T/old" "$T/now"; then
			[ ! -s "$T/diff" ]
		else
			diff "$T/new" "$T/now"
		fi
	done; done
	view_hashes | diff "$T/old" -
	[ "$kills" -gt 20 ]
}
