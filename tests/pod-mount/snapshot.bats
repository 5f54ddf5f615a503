load ../lib/envpod
load pod
setup() { envpod_setup; need root overlay userns; mkdir "$T/proj"; echo host >"$T/proj/f"; pod web; POD=$ENVPOD_STATE_DIR/pods/web; }
teardown() { envpod_teardown; }

run_in() { pod-mount enter -w "$T/proj" web -- sh -c "cd ./$T/proj && { $1; }"; }
snap() { pod-mount snapshot web "$@"; }
# Everything the pod sees of the project, by content.
seen() { run_in 'find . -printf "%p %y %m %l\n" | LC_ALL=C sort; find . -type f | LC_ALL=C sort | xargs -r cat'; }
layer_dirs() { ls "$ENVPOD_STATE_DIR/layers" | wc -l; }

@test "create, restore by name and by id: each recorded state, exactly" {
	run_in 'echo one >f; mkdir d; echo 1 >d/1; ln -s f link'
	snap create -n one
	seen >"$T/one"
	run_in 'echo two >f; rm -r d; mkdir d; echo 2 >d/2; rm link'
	two=$(snap create)
	seen >"$T/two"
	run_in 'rm -rf d f; echo three >g'
	snap restore one
	seen | diff "$T/one" -
	snap restore "$two"
	seen | diff "$T/two" -
	snap restore "${two:0:5}" | grep -q 'is as snapshot'
	[ "$(cat "$T/proj/f")" = host ]
}

@test "create is a rename: nothing of the upper is read or copied" {
	run_in 'i=0; while [ $i -lt 300 ]; do echo $i >f$i; i=$((i+1)); done'
	ino=$(stat -c %i "$(upper web)"/*proj/f7)
	snap create -n many
	[ "$(stat -c %i "$ENVPOD_STATE_DIR"/layers/*/tree/*proj/f7)" = "$ino" ]
	[ ! -e "$(upper web)" ]
}

@test "a snapshot of an unchanged pod, and of one that never ran" {
	snap create -n empty
	run_in 'echo x >x'
	snap create -n x
	snap create -n again
	[ "$(snap ls --json | grep -c '"name"')" -eq 3 ]
	snap restore empty
	run_in '[ "$(ls)" = f ] && [ "$(cat f)" = host ]'
	snap restore again
	run_in '[ -e x ]'
}

@test "what commit and rollback do to the pod's layers changes no snapshot" {
	run_in 'echo pod >f; echo n >new; mkdir d; echo 1 >d/1; echo 2 >d/2; chown -R 524288:524288 d f new'
	snap create -n all
	seen >"$T/all"
	hashes "$ENVPOD_STATE_DIR/layers" >"$T/layers"
	pod-mount commit --cwd "$T/proj" web f d
	pod-mount rollback --cwd "$T/proj" web new
	expect 0 pod-mount diff --exit-code web
	run_in '[ ! -e new ] && [ "$(cat f)" = pod ]'
	snap restore all
	seen | diff "$T/all" -
	# The layer of the snapshot itself is untouched.
	id=$(sed -n '2s/ .*//p' "$POD"/snapshots/*)
	(cd "$ENVPOD_STATE_DIR/layers/$id" && find . -type f | LC_ALL=C sort | xargs sha256sum) >"$T/now"
	grep -q . "$T/now"
	[ "$(grep -c "d/2$" "$T/now")" -eq 1 ]
	# What was committed from it is the host's now; nobody else has changed anything.
	[ "$(pod-mount diff --cwd "$T/proj" web)" = "A  new" ]
}

@test "the base of a change stays with the snapshot: the human's later edit is a conflict" {
	run_in 'echo pod >f'
	snap create -n s
	pod-mount commit --cwd "$T/proj" web f
	echo human >"$T/proj/f"
	snap restore s
	expect 3 pod-mount commit --cwd "$T/proj" web f
	[ "$(cat "$T/proj/f")" = human ]
}

@test "ls: points of the stack and snapshots, oldest first, as text and JSON" {
	run_in 'echo 1 >a'
	run_in 'echo 2 >b'
	snap create -n named
	[ "$(snap ls | awk 'NR > 1 { print $3 }' | tr '\n' ' ')" = "auto named named " ]
	snap ls --json --size | tail -1 | grep -q '"id":"[0-9a-f]\{8\}","name":"named","time":"20[^"]*Z","kind":"named","layers":2,"files":2,"bytes":[1-9]'
}

@test "restore to a point of the stack, by the layer's own digits" {
	run_in 'echo 1 >a'
	run_in 'echo 2 >b'
	point=$(snap ls | awk 'NR == 2 { print $1 }')
	run_in 'echo 3 >c'
	snap restore "$point" >"$T/out"
	run_in '[ -e a ] && [ ! -e b ] && [ ! -e c ]'
	# What was dropped is kept: two layers and the stack that names them.
	undo=$(sed -n 's|.*undo/\(.*\)\.$|\1|p' "$T/out")
	[ "$(wc -l <"$POD/undo/$undo/stack")" -eq 3 ]
	while read -r id _; do [ -d "$ENVPOD_STATE_DIR/layers/$id/tree" ]; done <"$POD/undo/$undo/stack"
	head -1 "$POD/undo/$undo/journal" | grep -qx 'envpod-journal 1 restore'
}

@test "undo takes a restore back, and that back again" {
	run_in 'echo 1 >a'
	snap create -n one
	run_in 'echo 2 >b; rm a'
	snap restore one
	run_in 'echo 3 >c'
	id=$(pod-mount undo web --json | jq -r 'select(.what == "restore") | .id')
	pod-mount undo web "$id"
	run_in '[ "$(ls | tr "\n" " ")" = "b f " ]'
	again=$(pod-mount undo web --json | jq -r 'select(.what == "unrestore") | .id')
	pod-mount undo web "$again"
	run_in '[ "$(ls | tr "\n" " ")" = "a c f " ]'
	expect 2 pod-mount undo web "$id"
}

@test "restore: refused while the pod lives, and of what is not there" {
	run_in 'echo 1 >a'
	snap create -n s
	run_in 'echo 2 >a'
	expect 2 pod-mount snapshot web restore nosuch
	[[ $output == *"no snapshot nosuch"* ]]
	expect 2 pod-mount snapshot web restore ../../x
	sleep 1000 3>&- &
	pid=$!
	echo "$pid $(awk '{ print $22 }' /proc/$pid/stat)" >"$ENVPOD_RUN_DIR/web/init.pid"
	expect 75 pod-mount snapshot web restore s
	kill $pid
	rm "$ENVPOD_RUN_DIR/web/init.pid"
	run_in '[ "$(cat a)" = 2 ]'
}

@test "destroy: its layers go when nobody else names them" {
	run_in 'echo 1 >a'
	snap create -n one
	run_in 'echo 2 >b'
	snap create -n two
	snap restore one
	rm -r "$POD/undo"
	[ "$(layer_dirs)" -eq 2 ]
	snap destroy two
	[ "$(layer_dirs)" -eq 1 ]
	snap destroy one
	[ "$(layer_dirs)" -eq 1 ]
	[ "$(cut -d' ' -f2,3 "$POD/stack")" = "auto -" ]
	run_in '[ -e a ] && [ ! -e b ]'
	point=$(snap ls | awk 'NR == 2 { print $1 }')
	expect 3 pod-mount snapshot web destroy "$point"
}

@test "prune: automatic ones beyond the limit, named ones never" {
	run_in 'echo 0 >named'
	snap create -n keep
	for i in 1 2 3 4 5; do run_in "echo $i >n$i"; snap create >/dev/null; done
	snap prune --keep 2
	[ "$(snap ls --json | grep -c '"layers"' )" -ge 3 ]
	[ "$(ls "$POD/snapshots" | wc -l)" -eq 3 ]
	snap prune --keep 0
	[ "$(ls "$POD/snapshots" | wc -l)" -eq 1 ]
	run_in '[ "$(ls | wc -l)" -eq 7 ]'
	snap restore keep
	run_in '[ "$(ls | wc -l)" -eq 2 ]'
}

@test "layers of a snapshot are not merged, and stay when the pod's merge goes on" {
	for i in $(seq 3); do run_in "echo $i >n$i"; done
	snap create -n early
	for i in $(seq 4 34); do run_in "echo $i >n$i"; done
	[ "$(layers web)" -lt 30 ]
	snap restore early
	run_in '[ "$(ls | wc -l)" -eq 4 ]'
}

@test "names and words: what is not one is refused" {
	run_in 'echo 1 >a'
	snap create -n s
	expect 2 pod-mount snapshot web create -n s
	expect 64 pod-mount snapshot web create -n '../x'
	expect 64 pod-mount snapshot web frobnicate
	expect 64 pod-mount snapshot web restore
	expect 64 pod-mount snapshot web ls extra
	for text in '' 'x' 'envpod-snapshot 1 5 named s' $'envpod-snapshot 1 5 named s\n12 auto -' $'envpod-snapshot 1 5 odd s\nend' $'envpod-snapshot 1 5 named s\n../x auto -\nend'; do
		printf '%s\n' "$text" >"$POD"/snapshots/00000001
		expect 78 pod-mount snapshot web ls
	done
}

@test "a snapshot whose layer is gone is not restored" {
	run_in 'echo 1 >a'
	snap create -n s
	run_in 'echo 2 >b'
	snap create -n t
	snap restore s
	for id in $(cut -d' ' -f1 "$POD/snapshots"/* | sort -u | grep "^[0-9a-f]*-"); do
		grep -q "^$id " "$POD/stack" || rm -r "$ENVPOD_STATE_DIR/layers/$id"
	done
	expect 2 pod-mount snapshot web restore t
	run_in '[ -e a ] && [ ! -e b ]'
}

@test "remove takes snapshots along; --keep archives their layers" {
	run_in 'echo 1 >a'
	snap create -n s
	run_in 'echo 2 >b'
	snap create -n t
	snap restore s
	mkdir "$T/archive"
	pod-mount remove --keep "$T/archive" web
	[ "$(layer_dirs)" -eq 0 ]
	[ "$(ls "$T/archive/layers" | wc -l)" -eq 2 ]
	[ "$(ls "$T/archive/snapshots" | wc -l)" -eq 2 ]
}

@test "rollback --all drops the layers whole, renamed directories too; undo brings them back" {
	mkdir "$T/proj/d"
	echo 1 >"$T/proj/d/1"
	run_in 'echo s >setup'
	pod-mount seal web setup
	run_in 'mv d e; echo 2 >e/2; rm f'
	run_in 'mv e g; echo 3 >g/3'
	seen >"$T/all"
	pod-mount rollback --all web | grep -q 'Rolled back [1-9]'
	[ "$(cut -d' ' -f2 "$POD/stack")" = setup ]
	run_in '[ "$(ls | tr "\n" " ")" = "d f setup " ] && [ "$(cat d/1)" = 1 ]'
	[ "$(pod-mount rollback --all web)" = "Nothing to roll back." ]
	id=$(pod-mount undo web --json | jq -r 'select(.what == "reset") | .id')
	pod-mount undo web "$id"
	seen | diff "$T/all" -
}

@test "snapshots.max_keep: so many runs can be gone back to; auto_on_run: no keeps one" {
	pod two $'snapshots:\n  max_keep: 2'
	pod one $'snapshots:\n  auto_on_run: no'
	for name in two one; do
		for i in 1 2 3 4 5 6; do pod-mount enter -w "$T/proj" "$name" -- sh -c "cd ./$T/proj && echo $i >f$i"; done
		pod-mount enter "$name" -- true
	done
	[ "$(layers two)" -le 4 ] && [ "$(layers two)" -ge 2 ]
	[ "$(layers one)" -eq 1 ]
	pod-mount snapshot two prune | grep -q 'merged'
	[ "$(layers two)" -eq 2 ]
	[ "$(pod-mount diff -z one | tr -cd '\0' | wc -c)" -eq 6 ]
}

@test "diff A B: what changed from one snapshot to another, whatever became of the pod since" {
	mkdir "$T/proj/d"
	echo 1 >"$T/proj/d/1"
	run_in 'echo a >f; echo same >same; echo x >gone; mkdir n; echo 1 >n/1; ln -s f l'
	snap create -n a
	run_in 'echo b >f; rm gone; echo new >new; rm -r d; chmod 700 n; rm l; mkdir l'
	snap create -n b
	cd "$T/proj"
	snap diff a b >"$T/ab"
	diff "$T/ab" - <<-END
	D  d
	D  d/1
	M  f
	D  gone
	T  l
	M  n
	A  new
	END
	pod-mount rollback --cwd "$T/proj" web new f >/dev/null
	snap diff a b | diff "$T/ab" -
	snap diff b a | grep -qx 'A  d/1'
	[ "$(snap diff b now)" = "M  f
	D  new" ] || [ "$(snap diff b)" = "M  f
D  new" ]
	[ -z "$(snap diff a a)" ]
	snap diff --json a b | jq -se 'map(select(.kind == "type").path | endswith("/l")) == [true]'
	expect 2 pod-mount snapshot web diff a nosuch
}

@test "diff A B: attributes alone are a change" {
	mkdir "$T/proj/d"
	run_in 'echo a >f; echo b >g; setfattr -n user.d -v 1 d; setfattr -n user.f -v 1 f'
	snap create -n a
	run_in 'setfattr -n user.f -v 2 f; setfattr -n user.g -v 1 g; setfacl -m u:33:r d'
	snap create -n b
	cd "$T/proj"
	snap diff a b | diff - <(printf 'M  d\nM  f\nM  g\n')
	[ -z "$(snap diff b b)" ]
	[ -z "$(snap diff b now)" ]
}

@test "an undo record that is dropped lets go of the layers it alone named" {
	pod two $'undo:\n  max_size: 1MB'
	enter_two() { pod-mount enter -w "$T/proj" two -- sh -c "cd ./$T/proj && { $1; }"; }
	enter_two 'dd if=/dev/zero of=big bs=1M count=3 2>/dev/null'
	pod-mount rollback --all two >/dev/null
	n=$(layer_dirs)
	enter_two 'echo 1 >a'
	pod-mount rollback --all two >/dev/null
	[ "$(layer_dirs)" -eq "$n" ]
	[ "$(pod-mount undo --json two | wc -l)" -eq 1 ]
	pod-mount undo two "$(pod-mount undo --json two | jq -r .id)"
	enter_two '[ -e a ] && [ ! -e big ]'
}
