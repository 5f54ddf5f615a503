load ../lib/envpod
load pod
setup() { envpod_setup; need root overlay userns; mkdir "$T/proj"; pod web; }
teardown() { envpod_teardown; }

# run SCRIPT: in the project, which is a cover of its own.
run_in()
{
	pod-mount enter -w "$T/proj" web -- sh -c "cd ./$T/proj && $1"
}

base_of() # LAYER-NUMBER: the base file
{
	local id
	id=$(sed -n "$1s/ .*//p" "$ENVPOD_STATE_DIR/pods/web/stack")
	cat "$ENVPOD_STATE_DIR/layers/$id/base"
}

# entry FILE: "INO SIZE MTIME_NS CTIME_NS MODE" as a base line has it.
entry() { stat -c '%i %s %.9Y %.9Z %f' "$1" | awk '{ gsub("[.]", ""); print $1, $2, $3, $4 }'; }

@test "a run that wrote nothing makes no layer" {
	run_in true
	run_in true
	[ "$(layers web)" -eq 0 ]
}

@test "what a run wrote is a layer at the next one, and shows" {
	run_in 'echo 1 >a'
	[ "$(layers web)" -eq 0 ]
	run_in '[ "$(cat a)" = 1 ]; echo 2 >a; echo b >b'
	[ "$(layers web)" -eq 1 ]
	run_in '[ "$(cat a)" = 2 ] && [ "$(cat b)" = b ]'
	[ "$(layers web)" -eq 2 ]
	[ -z "$(ls "$T/proj")" ]
	refute ls -d "$ENVPOD_STATE_DIR"/layers/.new-*
	[ "$(stat -c %a "$ENVPOD_STATE_DIR"/layers/*/ | sort -u)" = 700 ]
}

@test "base: the host's identity as it was when the view began" {
	echo old >"$T/proj/changed"
	echo gone >"$T/proj/deleted"
	mkdir "$T/proj/dir"
	echo in >"$T/proj/dir/in"
	run_in 'echo new >>changed; rm deleted; echo made >made; rm -r dir; mkdir dir fresh; echo x >fresh/x; echo y >dir/in'
	pod-mount seal web auto
	base_of 1 >"$T/base"
	grep -q "^h $(entry "$T/proj/changed") .* $T/proj/changed$" "$T/base"
	grep -q "^h $(entry "$T/proj/deleted") .* $T/proj/deleted$" "$T/base"
	grep -q "^h $(entry "$T/proj/dir") .* $T/proj/dir$" "$T/base"
	grep -q "^h $(entry "$T/proj/dir/in") .* $T/proj/dir/in$" "$T/base"
	grep -q "^n 0 0 0 0 0 $T/proj/made$" "$T/base"
	# Below a directory the host did not have, one line is enough.
	grep -q "^n 0 0 0 0 0 $T/proj/fresh$" "$T/base"
	refute grep -q "fresh/x" "$T/base"
	[ "$(tail -1 "$T/base")" = end ]
}

@test "base: what the host changed after the view began cannot be told" {
	echo old >"$T/proj/f"
	run_in "echo pod >f; cp /dev/null '$T/stamp'; echo human >'$T/proj/f'"
	pod-mount seal web auto
	base_of 1 | grep -q "^? .* $T/proj/f$"
}

@test "base: hostile names" {
	run_in 'touch "$(printf "new\nline")" "$(printf "back\\\\slash")" "$(printf "\377\376bytes")"'
	pod-mount seal web auto
	base_of 1 >"$T/base"
	grep -qF "$T/proj/new\\nline" "$T/base"
	grep -qF "$T/proj/back\\\\slash" "$T/base"
	grep -qaF "$(printf '\377\376bytes')" "$T/base"
}

@test "base: below a renamed directory the host's path is where it came from" {
	mkdir -p "$T/proj/src/deep"
	echo 1 >"$T/proj/src/deep/f"
	echo 1 >"$T/proj/src/deep/g"
	run_in 'mv src lib; echo 2 >>lib/deep/f'
	run_in 'mv lib/deep lib/flat; echo 3 >>lib/flat/f; echo 3 >>lib/flat/g'
	pod-mount seal web auto
	base_of 1 | grep -q "^h $(entry "$T/proj/src/deep/f") .* $T/proj/src/deep/f$"
	base_of 2 | grep -q "^h $(entry "$T/proj/src/deep/g") .* $T/proj/src/deep/g$"
	run_in '[ "$(tr "\n" " " <lib/flat/f)" = "1 2 3 " ]'
	[ -e "$ENVPOD_STATE_DIR/layers/$(sed -n '1s/ .*//p' "$ENVPOD_STATE_DIR/pods/web/stack")/redirects" ]
}

@test "git mv of a directory of an earlier run works" {
	run_in 'mkdir d; echo x >d/f'
	run_in 'mv d e'
	run_in 'mv e g; [ "$(cat g/f)" = x ] && [ ! -e d ] && [ ! -e e ]'
	run_in '[ "$(cat g/f)" = x ]'
}

@test "seal setup: the steps of a set-up are its layers" {
	run_in 'echo 1 >one'
	run_in 'echo 2 >two'
	pod-mount seal web setup
	[ "$(cut -d' ' -f2 "$ENVPOD_STATE_DIR/pods/web/stack" | tr '\n' ' ')" = "setup setup " ]
	run_in 'echo 3 >three'
	pod-mount seal web auto
	[ "$(cut -d' ' -f2 "$ENVPOD_STATE_DIR/pods/web/stack" | tr '\n' ' ')" = "setup setup auto " ]
	expect 64 pod-mount seal web nonsense
}

@test "too many automatic layers are merged, and the view is the same" {
	mkdir -p "$T/proj/keep/sub" "$T/proj/replace"
	for i in 1 2 3 4 5; do echo "host $i" >"$T/proj/h$i"; done
	echo k >"$T/proj/keep/k"
	echo r >"$T/proj/replace/r"
	for i in $(seq 40); do
		run_in "echo $i >n$i; echo $i >>log; mkdir -p d/\$(($i % 3)); echo $i >d/\$(($i % 3))/f$i
			case $i in
			2) rm h1 keep/k; rm -r replace; echo file >replace ;;
			3) echo back >h1; rm replace; mkdir replace; echo new >replace/new ;;
			4) rm h1 n1; rm -r d; mkdir d; echo new >d/new ;;
			5) ln log log2; ln -s nowhere link; mkfifo fifo; chmod 700 keep; touch -d @1000 keep/sub ;;
			6) setfattr -n user.x -v y keep; rm link; mkdir link ;;
			7) rm -r keep; mkdir keep; echo other >keep/other; chmod 1777 keep ;;
			8) rm h2; mkdir h2; echo x >h2/x ;;
			9) rm -r h2; echo again >h2 ;;
			esac"
		# What the run saw last is what the next must see.
		pod-mount enter web -- sh -c "cd ./$T/proj && find . -printf '%p %y %m %u:%g %l %n\n' | sort && find . -type f | sort | xargs cat" >"$T/now.$i"
		pod-mount enter web -- sh -c "cd ./$T/proj && find . -printf '%p %y %m %u:%g %l %n\n' | sort && find . -type f | sort | xargs cat" | diff "$T/now.$i" -
	done
	[ "$(layers web)" -le 25 ]
	run_in '[ "$(wc -l <log)" = 40 ] && [ ! -e h1 ] && [ "$(cat h2)" = again ] && [ "$(ls keep)" = other ] &&
		[ ! -e n1 ] && [ -e n40 ] && [ -d link ] && [ "$(ls replace)" = new ] && [ "$(cat h3)" = "host 3" ]'
	# No layer lies about that no stack names.
	[ "$(ls "$ENVPOD_STATE_DIR/layers" | wc -l)" -eq "$(layers web)" ]
}

@test "squash keeps the oldest base" {
	echo one >"$T/proj/f"
	first=$(entry "$T/proj/f")
	run_in 'echo pod >f'
	for i in $(seq 26); do
		run_in "echo $i >f; echo $i >g$i"
		[ "$i" != 3 ] || echo human >>"$T/proj/f"
	done
	run_in true
	[ "$(layers web)" -lt 26 ]
	base_of 1 | grep -q "^h $first .* $T/proj/f$"
	# Said once: what later layers thought of it is gone.
	[ "$(base_of 1 | grep -c " $T/proj/f$")" -eq 1 ]
}

@test "a layer that another pod's stack names is neither merged nor removed" {
	for i in $(seq 26); do run_in "echo $i >n$i"; done
	mkdir "$ENVPOD_STATE_DIR/pods/other"
	cp "$ENVPOD_STATE_DIR/pods/web/stack" "$ENVPOD_STATE_DIR/pods/other/stack"
	ids=$(cut -d' ' -f1 "$ENVPOD_STATE_DIR/pods/web/stack")
	run_in true
	for id in $ids; do [ -d "$ENVPOD_STATE_DIR/layers/$id/tree" ]; done
	pod-mount remove web
	for id in $ids; do [ -d "$ENVPOD_STATE_DIR/layers/$id/tree" ]; done
}

@test "300 layers mount, by the new and by the old interface" {
	run_in 'echo x >f'
	pod-mount seal web setup
	id=$(cut -d' ' -f1 "$ENVPOD_STATE_DIR/pods/web/stack")
	for i in $(seq 299); do
		cp -a "$ENVPOD_STATE_DIR/layers/$id" "$ENVPOD_STATE_DIR/layers/$id-$i"
		echo "$i" >"$ENVPOD_STATE_DIR/layers/$id-$i/tree/$(basename "$ENVPOD_STATE_DIR/layers/$id"/tree/*proj)/f"
		echo "$id-$i setup -" >>"$ENVPOD_STATE_DIR/pods/web/stack"
	done
	run_in '[ "$(cat f)" = 299 ]'
	ENVPOD_MOUNT_API=old run_in '[ "$(cat f)" = 299 ]'
}

@test "400 layers are the end, and it is said" {
	for i in $(seq 400); do echo "$(printf '%04x' "$i") setup -"; done >"$T/stack"
	mkdir -p "$(upper web)/_"
	echo x >"$(upper web)/_/x"
	cp "$T/stack" "$ENVPOD_STATE_DIR/pods/web/stack"
	expect 125 pod-mount enter web -- true
	[[ $output == *"400 layers"* ]]
	[ -e "$(upper web)/_/x" ]
	echo "fff setup -" >>"$ENVPOD_STATE_DIR/pods/web/stack"
	expect 125 pod-mount enter web -- true
	[[ $output == *"stack: line 401"* ]]
}

@test "a stack that envpod did not write is refused" {
	for text in 'x' 'zz auto -' '12 auto' '12 auto - more' '12 what -' $'12 auto -\n12 auto -' '../../etc auto -'; do
		printf '%s\n' "$text" >"$ENVPOD_STATE_DIR/pods/web/stack"
		expect 78 pod-mount seal web auto
	done
}

@test "a layer that is gone: said by name, nothing else touched" {
	run_in 'echo 1 >a'
	run_in true
	rm -r "$ENVPOD_STATE_DIR"/layers/*
	expect 125 pod-mount enter web -- true
	[[ $output == *"layer"* ]]
}

@test "remove leaves nothing mounted and nothing behind, --keep moves it" {
	run_in 'echo 1 >a'
	run_in 'echo 2 >b'
	grep -q "$T/run/web/ns" /proc/self/mountinfo
	mkdir "$T/archive"
	pod-mount remove --keep "$T/archive" web
	refute grep -q "$T/run/web" /proc/self/mountinfo
	[ -z "$(ls "$ENVPOD_STATE_DIR/layers")" ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/web/stack" ]
	find "$T/archive" -name a -o -name b | grep -c . | grep -qx 2
	[ -s "$T/archive/stack" ]
	# Again: nothing to do is no mistake.
	pod-mount remove web
}
