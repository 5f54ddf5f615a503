load ../lib/envpod
load pod
# Killed before every system call that changes a file or a name: snapshots and restores.
setup()
{
	envpod_setup
	need root overlay userns strace
	mkdir "$T/proj"
	pod web
	POD=$ENVPOD_STATE_DIR/pods/web
}
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }

calls='mkdirat mkdir renameat renameat2 rename symlinkat unlinkat linkat write pwrite64 fchmod fchown fsetxattr fsync'

# killed_at CALL N COMMAND...: 0 when its Nth such call was reached and it died of it.  (strace counts
# each system call by itself.)
killed_at()
{
	local call=$1 n=$2 r=0
	shift 2
	{ strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$@" >/dev/null; } 2>/dev/null || r=$?
	[ "$r" -eq 137 ]
}

run_in() { pod-mount enter -w "$T/proj" web -- sh -c "cd ./$T/proj && { $1; }"; }

# Every layer that is named is there, and every one that is there is named.
consistent()
{
	local id
	cat "$POD/stack" "$POD"/snapshots/* "$POD"/undo/*/stack "$POD"/undo/*/stack.new 2>/dev/null |
		grep -E '^[0-9a-f]+-' | cut -d' ' -f1 | sort -u >"$T/named"
	ls "$ENVPOD_STATE_DIR/layers" | sort >"$T/there"
	diff "$T/named" "$T/there"
	[ ! -L "$POD/copying" ] && [ ! -L "$POD/turnover" ]
}

@test "kill -9 at any point of snapshot create: there it is, or it is not; the pod is the same" {
	local call i n=0 killed=0 dead
	for call in $calls; do
		for i in $(seq 40); do
			n=$((n + 1))
			run_in "echo $i >f$n"
			dead=0
			killed_at "$call" "$i" pod-mount snapshot web create -n "s$n" || dead=1
			run_in "[ \$(ls | wc -l) -eq $n ]"
			consistent
			if [ $dead = 1 ] || pod-mount snapshot web ls | grep -q " s$n$"; then
				pod-mount snapshot web restore "s$n" >/dev/null
				run_in "[ \$(ls | wc -l) -eq $n ]"
			fi
			[ $dead = 0 ] || break
			killed=$((killed + 1))
		done
	done
	[ "$killed" -ge 15 ]
}

@test "kill -9 at any point of restore: before or after, and what was is kept" {
	local call i n=0 seen
	run_in 'echo 1 >one'
	pod-mount snapshot web create -n one
	for call in $calls; do
		for i in $(seq 40); do
			run_in "rm -f one; echo $i >two"
			killed_at "$call" "$i" pod-mount snapshot web restore one || break
			n=$((n + 1))
			seen=$(run_in 'ls | tr "\n" " "')
			[ "$seen" = "one " ] || [ "$seen" = "two " ]
			consistent
			pod-mount snapshot web restore one >/dev/null
		done
	done
	[ "$n" -ge 25 ]
}

@test "kill -9 at any point of a rollback that must first copy a shared layer: snapshot and pod are whole" {
	local call i n=0
	run_in 'mkdir d; echo 1 >d/1; echo 2 >d/2; echo 3 >three'
	pod-mount snapshot web create -n s
	for call in $calls; do
		for i in $(seq 40); do
			pod-mount snapshot web restore s >/dev/null
			killed_at "$call" "$i" pod-mount rollback --cwd "$T/proj" web d three || break
			n=$((n + 1))
			run_in 'case $(find . -type f | sort | tr "\n" " ") in
				"./d/1 ./d/2 ./three "|"") ;; *) find .; exit 1 ;; esac'
			consistent
		done
	done
	[ "$n" -ge 30 ]
	pod-mount snapshot web restore s
	run_in '[ "$(find . -type f | sort | tr "\n" " ")" = "./d/1 ./d/2 ./three " ]'
}

@test "kill -9 at any point of a merge, in place and with renames: the view is the same" {
	local call i n=0
	run_in 'mkdir d; echo 1 >d/1; echo 2 >d/2; mkdir e; echo 3 >e/3'
	run_in 'echo 4 >d/4; rm d/1; rm -r e; mkdir e; echo 5 >e/5; mkdir -m 700 new'
	run_in 'mv d D; mkdir d; echo 6 >d/6; mv e D/e'
	run_in 'echo 7 >D/7; rm D/e/5'
	run_in 'find . -printf "%p %y %m %l\n" | sort; find . -type f | sort | xargs cat' >"$T/before"
	cp -a "$ENVPOD_STATE_DIR" "$T/saved"
	for call in $calls; do
		for i in $(seq 1 4 400); do
			rm -rf "$ENVPOD_STATE_DIR" && cp -a "$T/saved" "$ENVPOD_STATE_DIR"
			killed_at "$call" "$i" pod-mount snapshot web prune --keep 1 || break
			n=$((n + 1))
			run_in 'find . -printf "%p %y %m %l\n" | sort; find . -type f | sort | xargs cat' | diff "$T/before" -
			consistent
		done
	done
	[ "$n" -ge 30 ]
	pod-mount snapshot web prune --keep 1
	[ "$(layers web)" -eq 1 ]
	run_in 'find . -printf "%p %y %m %l\n" | sort; find . -type f | sort | xargs cat' | diff "$T/before" -
}

@test "kill -9 at any point of clone, promote and base destroy: nothing of the source is lost, gc takes the rest" {
	local call i n=0 id
	run_in 'mkdir d; echo 1 >d/1; echo 2 >two'
	pod-mount snapshot web create -n s
	: >"$POD/created"
	for call in $calls; do
		for i in $(seq 1 9 200); do
			mkdir -p -m 700 "$ENVPOD_STATE_DIR/pods/new"
			run_in "echo $i >f$call"
			killed_at "$call" "$i" pod-mount clone --current web new || break
			n=$((n + 1))
			pod-mount remove new
			rm -rf "$ENVPOD_STATE_DIR/pods/new"
		done
		rm -rf "$ENVPOD_STATE_DIR/pods/new"
		for i in $(seq 1 9 200); do
			killed_at "$call" "$i" pod-mount snapshot web promote s "base$n" || break
			n=$((n + 1))
		done
		for i in 1 2 3; do
			pod-mount base create web "drop$n" >/dev/null
			killed_at "$call" "$i" pod-mount base destroy "drop$n" || break
			n=$((n + 1))
		done
	done
	[ "$n" -ge 30 ]
	pod-mount snapshot web ls >/dev/null
	pod-mount gc >/dev/null
	run_in '[ "$(cat d/1 two | tr "\n" " ")" = "1 2 " ]'
	pod-mount snapshot web restore s >/dev/null
	run_in '[ "$(find . -type f | sort | tr "\n" " ")" = "./d/1 ./two " ]'
	# Every base that is left is whole.
	for id in $(cat "$ENVPOD_STATE_DIR"/bases/*/stack | cut -d' ' -f1 | sort -u); do [ -d "$ENVPOD_STATE_DIR/layers/$id/tree" ]; done
}
