load ../lib/envpod
load pod
# Merging layers against the kernel's own overlay: what the pod sees, and what diff says, before and
# after.  SEED and SEQUENCES: by hand; the seed is printed.
setup() { envpod_setup; need root overlay userns; mkdir "$T/proj"; pod web; POD=$ENVPOD_STATE_DIR/pods/web; }
teardown() { envpod_teardown; }

run_in() { pod-mount enter -w "$T/proj" web -- bash -c "cd ./$T/proj && { $1; }"; }

# Types, modes, owners, links, which names are of one inode, contents, attributes.  (The link count
# may become smaller: names that nothing showed any more are gone.)
seen()
{
	run_in 'find . -printf "%P %y %m %U:%G %l\n" | LC_ALL=C sort
		find . -type f -printf "%i %P\n" | LC_ALL=C sort -k 2 | awk "{ if (!(\$1 in f)) f[\$1] = \$2; print \$2, f[\$1] }"
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
		find . ! -type l -print0 | LC_ALL=C sort -z | xargs -0r getfattr -h -d -m "^user" 2>/dev/null'
}

# Merge all that can be merged: the view and the diff stay, and nothing is left over.
squash_same()
{
	seen >"$T/before"
	pod-mount diff --no-fold web >"$T/diff.before" 2>&1 || true
	pod-mount snapshot web prune --keep "${1:-1}" >"$T/pruned" 2>&1
	seen >"$T/after"
	pod-mount diff --no-fold web >"$T/diff.after" 2>&1 || true
	diff "$T/before" "$T/after"
	# Of a directory that was deleted or made anew the time alone tells whether the host has changed in it,
	# and that is the older layer's then: what was no conflict may become one, never the other way round.
	diff <(sed 's/  \[conflict\]//; s/conflict, //; s/, conflict//' "$T/diff.before") <(sed 's/  \[conflict\]//; s/conflict, //; s/, conflict//' "$T/diff.after")
	[ -z "$(comm -23 <(grep conflict "$T/diff.before" | sort) <(grep conflict "$T/diff.after" | sort))" ]
	[ "$(ls -A "$ENVPOD_STATE_DIR/layers" | wc -l)" -eq "$(layers web)" ]
}

host_tree()
{
	mkdir -p "$T/proj"/{a/b/c,d/e,f}
	for i in a/1 a/b/2 a/b/c/3 d/4 d/e/5 f/6 7; do echo "host $i" >"$T/proj/$i"; done
}

@test "a directory renamed once, twice, into another, and made anew at its old name" {
	host_tree
	run_in 'echo pod >a/b/new; mv a x'
	run_in 'mv x/b y; echo again >y/2; mkdir a; echo fresh >a/1'
	run_in 'mv y f/y; mv f z; rm z/y/c/3'
	run_in 'mv z/y/c d/c; rmdir d/e 2>/dev/null || rm -r d/e; mkdir d/e; echo e >d/e/e'
	squash_same
	[ "$(layers web)" -eq 1 ]
	run_in '[ "$(cat a/1 z/y/new z/y/2 z/6)" = "fresh
pod
again
host f/6" ] && [ ! -e a/b ] && [ ! -e x/b ] && [ "$(cat x/1)" = "host a/1" ]'
}

@test "a rename within a renamed directory, whose old place an older layer had filled" {
	host_tree
	run_in 'echo 1 >a/b/c/n1; rm a/b/2; setfattr -n user.k -v v a/b; chmod 700 a/b/c'
	run_in 'mv a A; mv A/b/c C'
	run_in 'echo 2 >C/n2; mv C/n1 C/n3; mv A/b B'
	run_in 'mv B C/B; mv C D; echo 3 >D/B/n'
	squash_same
	[ "$(layers web)" -eq 1 ]
	squash_same
}

@test "renames of layers that a snapshot names: the snapshot stays as it is" {
	host_tree
	run_in 'mv a x; echo 1 >x/n'
	pod-mount snapshot web create -n s >/dev/null
	seen >"$T/snapshot"
	run_in 'mv x/b y'
	run_in 'mv y z; mv x w'
	squash_same
	pod-mount snapshot web restore s >/dev/null
	seen | diff "$T/snapshot" -
}

@test "a pod that renames in every run does not come to an end" {
	host_tree
	for i in $(seq 30); do run_in "mv a b; mkdir a; mv b/* a/; rmdir b; echo $i >>a/log; mv d/e d/E; mv d/E d/e"; done
	[ "$(layers web)" -le 25 ]
	run_in '[ "$(wc -l <a/log)" = 30 ] && [ "$(cat a/b/c/3)" = "host a/b/c/3" ]'
	squash_same
}

@test "200 snapshots by name: the stack stays bounded, and each is what it was" {
	mkdir -p "$ENVPOD_STATE_DIR/layers"
	run_in 'echo 0 >f'
	pod-mount snapshot web create -n s0 >/dev/null
	id=$(cut -d' ' -f1 "$POD/stack")
	for i in $(seq 210); do
		cp -a "$ENVPOD_STATE_DIR/layers/$id" "$ENVPOD_STATE_DIR/layers/$(printf '%s-%08x' "${id%-*}" "$i")"
		echo "$i" >"$(echo "$ENVPOD_STATE_DIR/layers/$(printf '%s-%08x' "${id%-*}" "$i")"/tree/*proj)/f"
		printf '%s-%08x named s%d\n' "${id%-*}" "$i" "$i" >>"$POD/stack"
		{ echo "envpod-snapshot 1 5 named s$i"; cat "$POD/stack"; echo end; } >"$POD/snapshots/$(printf %08x "$i")"
	done
	run_in 'echo last >g'
	run_in '[ "$(cat f g | tr "\n" " ")" = "210 last " ]'
	[ "$(layers web)" -le 205 ]
	pod-mount snapshot web restore s77 >/dev/null
	run_in '[ "$(cat f)" = 77 ]'
}

@test "a merged layer is still found by the newer one's digits" {
	host_tree
	run_in 'echo 1 >n1; mv a x'
	run_in 'echo 2 >n2'
	run_in 'echo 3 >n3; mv x y'
	run_in 'echo 4 >n4'
	run_in true
	points=$(pod-mount snapshot web ls | awk 'NR > 1 { print $1 }')
	pod-mount snapshot web prune --keep 2 >/dev/null
	pod-mount snapshot web ls | awk 'NR > 1 { print $1 }' >"$T/left"
	[ "$(wc -l <"$T/left")" -eq 2 ]
	[ "$(echo "$points" | tail -1)" = "$(tail -1 "$T/left")" ]
	grep -qx "$(head -1 "$T/left")" <<<"$points"
	n=$(grep -nx "$(head -1 "$T/left")" <<<"$points" | cut -d: -f1)
	pod-mount snapshot web restore "$(head -1 "$T/left")" >/dev/null
	run_in "[ \$(ls -d n* | wc -l) -eq $n ]"
}

@test "diff follows a name that stands beside where the parent came from" {
	host_tree
	run_in 'mv a x; mv x/b x/B; mkdir new; mv f new/g'
	pod-mount diff --cwd "$T/proj" --no-fold web >"$T/one"
	for path in x/1 x/B/2 x/B/c/3 new/g/6; do grep -qx "A  $path" "$T/one"; done
	run_in 'mv x/B/c x/B/C; mv new/g new/h'
	pod-mount diff --cwd "$T/proj" --no-fold web >"$T/two"
	for path in x/1 x/B/2 x/B/C/3 new/h/6; do grep -qx "A  $path" "$T/two"; done
	squash_same
	pod-mount commit --sensitive web >/dev/null
	[ "$(cat "$T/proj"/{x/1,x/B/2,x/B/C/3,new/h/6} | tr '\n' ' ')" = "host a/1 host a/b/2 host a/b/c/3 host f/6 " ]
	[ ! -e "$T/proj/a" ] && [ ! -e "$T/proj/f" ]
}

# ops SEED: random things done to the tree, as a bash program; what is not possible is passed over.
ops()
{
	echo "RANDOM=$1; set +e; exec 2>/dev/null; shopt -s dotglob globstar nullglob"
	cat <<-'END'
	any() { local v=(**/*); [ ${#v[@]} -gt 0 ] && REPLY=${v[RANDOM % ${#v[@]}]} || REPLY=none; }
	dir() { local v=(**/); v+=(./); REPLY=${v[RANDOM % ${#v[@]}]}; REPLY=${REPLY%/}; }
	for ((n = 0; n < 12; n++)); do
		any; p=$REPLY; dir; d=$REPLY; any; q=$REPLY; new=$d/n$((RANDOM % 8))
		case $((RANDOM % 16)) in
		0) echo "$RANDOM" >"$new" ;;
		1) [ -f "$p" ] && echo "$RANDOM" >>"$p" ;;
		2) mkdir "$new" && echo "$RANDOM" >"$new/x" ;;
		3|4|5|6) [ -d "$p" ] && mv -T "$p" "$new" ;;
		7) mv -T "$p" "$new" ;;
		8) [ -d "$p" ] && dir && mv "$p" "$REPLY/" ;;
		9) rm -r "$p" ;;
		10) [ -d "$p" ] && rm -r "$p" && mkdir "$p" ;;
		11) ln -s "$q" "$new" ;;
		12) chmod $((RANDOM % 2 ? 700 : 755)) "$p" ;;
		13) setfattr -n user.k -v "$RANDOM" "$p" ;;
		14) [ -f "$p" ] && ln "$p" "$new" ;;
		15) [ -f "$p" ] && rm "$p" && mkdir "$p" ;;
		esac
	done
	END
}

@test "random renames and all else over several layers: the view and the diff are the same" {
	local seed=${SEED:-$RANDOM} k r
	for k in $(seq "${SEQUENCES:-4}"); do
		echo "SEED=$seed SEQUENCES=$k"
		rm -rf "$T/proj"; mkdir "$T/proj"; host_tree
				for r in 1 2 3 4 5; do
			ops $((seed + 100 * k + r)) >"$T/ops"
			run_in "$(cat "$T/ops")" || true
			[ "$r" != 3 ] || echo human >>"$T/proj/a/1"
		done
		squash_same
		[ "$(layers web)" -eq 1 ] || { cat "$T/pruned" "$POD/stack"; false; }
		# An empty pod again.
		pod-mount remove web >/dev/null; rm -rf "$POD/tracked" "$POD/undo" "$POD/committed"; pod-mount prepare web
	done
}
