load ../lib/envpod
setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj"
	cd "$T/proj"
	envpod init web >/dev/null
	POD=$ENVPOD_STATE_DIR/pods/web
	LAYERS=$ENVPOD_STATE_DIR/layers
}
teardown() { envpod_teardown; }

run_in() { envpod run -w web -- sh -c "$1"; }
top() { tail -1 "$POD/stack" | cut -d' ' -f1; }

@test "a sound pod: nothing is said" {
	run_in 'echo 1 >one; mkdir d; echo 1 >d/1'
	run_in 'mv d e; rm one; mkdir -p a/b/c'
	envpod snapshot web create -n s >/dev/null
	envpod init two >/dev/null
	[ -z "$(envpod fsck web)" ]
	[ -z "$(envpod fsck --all)" ]
	expect 64 envpod fsck
	expect 64 envpod fsck --all web
	expect 2 envpod fsck nosuch
}

@test "what crashes cut off is mended, or only said" {
	run_in 'echo 1 >one'
	run_in 'echo 2 >two'
	mkdir -p "$LAYERS/.new-00000000000000002-bbbbbbbb/tree" "$POD/settle.tmp/x"
	ln -s 00000000000000002-bbbbbbbb "$POD/copying"
	expect 1 envpod fsck -n web
	[[ $output == *"web: wrong: the copy of a layer was cut off"* ]]
	[ -L "$POD/copying" ]
	expect 1 envpod fsck web
	[[ $output == *"web: mended: the copy of a layer was cut off"* ]]
	[[ $output == *"web: mended: work on a layer was cut off"* ]]
	[ ! -e "$LAYERS/.new-00000000000000002-bbbbbbbb" ]
	expect 0 envpod fsck web
	run_in '[ -e one ] && [ -e two ]'
}

@test "a layer that is gone: said; dropped when that is wanted" {
	run_in 'echo 1 >one'
	run_in 'echo 2 >two'
	envpod snapshot web create -n s >/dev/null
	rm -r "${LAYERS:?}/$(top)"
	expect 125 envpod run web -- true
	expect 1 envpod fsck web
	[[ $output == *"is gone, and with it"* ]]
	[[ $output == *"snapshot"*"is gone"* ]]
	expect 1 envpod fsck --drop-missing web
	run_in '[ -e one ] && [ ! -e two ]'
}

@test "torn bases and texts: said" {
	run_in 'echo 1 >one'
	envpod snapshot web create -n s >/dev/null
	: >"$LAYERS/$(top)/base"
	expect 1 envpod fsck web
	[[ $output == *"its base is torn"* ]]
	echo junk >"$POD/snapshots/00000000"
	expect 1 envpod fsck web
	[[ $output == *"00000000: snapshot: its first line"* ]]
	rm "$POD/snapshots/00000000"
	printf 'torn' >"$POD/mask.list"
	expect 1 envpod fsck web
	[[ $output == *"mended: the list of its mask is torn"* ]]
	echo junk >"$POD/stack"
	expect 1 envpod fsck web
	[[ $output == *"stack: line 1"* ]]
}

@test "an agent's redirect that leads nowhere is wrong, and nothing follows it" {
	run_in 'mkdir d'
	envpod snapshot web create -n s >/dev/null
	dir=$(echo "$LAYERS/$(top)"/tree/*/d)
	setfattr -n trusted.overlay.redirect -v '../../etc' "$dir"
	expect 1 envpod fsck web
	[[ $output == *"the redirect of"*"leads nowhere"* ]]
}
