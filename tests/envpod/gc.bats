load ../lib/envpod
setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj"
	cd "$T/proj"
	envpod init web >/dev/null
	envpod run -w web -- sh -c 'echo 1 >one'
	LAYERS=$ENVPOD_STATE_DIR/layers
}
teardown() { envpod_teardown; }

# left PATTERN: how many layers have such names.
left() { find "$LAYERS" -mindepth 1 -maxdepth 1 -regextype posix-extended -regex ".*($1).*" | wc -l; }

@test "nothing to do: nothing is touched, whatever is in use and however" {
	envpod snapshot web create -n s >/dev/null
	envpod run -w web -- sh -c 'echo 2 >two'
	envpod snapshot web create >/dev/null
	envpod snapshot web restore s >/dev/null
	envpod base create web b >/dev/null
	envpod clone b two >/dev/null
	before=$(ls "$LAYERS")
	[ "$(envpod gc)" = "Removed 0 layer(s), 0 archive(s), 0 unfinished base(s), 0 run directories." ]
	[ "$(ls "$LAYERS")" = "$before" ]
	# Held by nothing but the undo record of the restore.
	rm -r "$ENVPOD_STATE_DIR/pods/web/snapshots" "$ENVPOD_STATE_DIR/bases"
	envpod gc
	pods=$(grep -ohE '^[0-9a-f]+-[0-9a-f]+' "$ENVPOD_STATE_DIR"/pods/*/stack "$ENVPOD_STATE_DIR"/pods/web/undo/*/stack* | sort -u)
	[ "$(ls "$LAYERS" | sort)" = "$pods" ]
	[ "$(envpod run -w two -- cat one)" = 1 ]
}

@test "layers that nobody names go; what is being turned over, copied or brought back stays" {
	mkdir -p "$LAYERS"/{00000000000000001-aaaaaaaa,.new-00000000000000002-bbbbbbbb}/tree "$LAYERS"/0000000000000000{3-cccccccc,4-dddddddd,5-eeeeeeee}/tree "$LAYERS/.new-00000000000000006-ffffffff"
	ln -s 00000000000000003-cccccccc:auto "$ENVPOD_STATE_DIR/pods/web/turnover"
	ln -s 00000000000000006-ffffffff "$ENVPOD_STATE_DIR/pods/web/copying"
	mkdir -p "$ENVPOD_STATE_DIR/pods/web/undo/20260101T000000Z-1"
	printf 20260101T000000Z-1 >"$ENVPOD_STATE_DIR/pods/web/undo/open"
	printf 'envpod-journal 1 return\nlayer 00000000000000004-dddddddd 5\nplanned\n' >"$ENVPOD_STATE_DIR/pods/web/undo/20260101T000000Z-1/journal"
	[ "$(envpod gc -n)" = "Would remove 3 layer(s), 0 archive(s), 0 unfinished base(s), 0 run directories." ]
	envpod gc | grep -q '^Removed 3 layer'
	[ "$(left 'cccccccc|dddddddd|ffffffff')" -eq 3 ]
	[ "$(left 'aaaaaaaa|bbbbbbbb|eeeeeeee')" -eq 0 ]
}

@test "archives: emptied when they are old, but for the audit log" {
	envpod destroy --force web
	archive=$(echo "$ENVPOD_STATE_DIR"/archive/web-*)
	envpod gc | grep -q '0 archive'
	[ -e "$archive/upper" ] || [ -n "$(ls "$archive/layers")" ]
	mv "$archive" "$ENVPOD_STATE_DIR/archive/web-20260101T000000Z"
	envpod gc | grep -q ' 1 archive'
	[ "$(ls "$ENVPOD_STATE_DIR/archive/web-20260101T000000Z")" = audit ]
	[ -z "$(ls "$LAYERS" 2>/dev/null)" ]
	expect 64 envpod gc --age never
}

@test "archives hold layers that others named when their pod was destroyed" {
	envpod snapshot web create -n s >/dev/null
	envpod base create web b >/dev/null
	envpod destroy --force web
	envpod base destroy b
	[ "$(ls "$LAYERS" | wc -l)" -eq 1 ]
	envpod gc
	[ "$(ls "$LAYERS" | wc -l)" -eq 1 ]
	envpod gc --age 0s | grep -q 'Removed 1 layer(s), 1 archive'
}

@test "run directories of pods that are gone; not of those that are there, nor of what is no pod's" {
	mkdir -p "$ENVPOD_RUN_DIR/gone/ns" "$ENVPOD_RUN_DIR/other" "$ENVPOD_RUN_DIR/busy"
	touch "$ENVPOD_RUN_DIR/gone/lock" "$ENVPOD_RUN_DIR/busy/lock"
	mount --bind "$ENVPOD_RUN_DIR/gone/ns" "$ENVPOD_RUN_DIR/gone/ns"
	exec 8>>"$ENVPOD_RUN_DIR/busy/lock"
	flock 8
	envpod gc | grep -q ' 1 run directory'
	exec 8>&-
	[ ! -e "$ENVPOD_RUN_DIR/gone" ]
	[ -d "$ENVPOD_RUN_DIR/other" ] && [ -d "$ENVPOD_RUN_DIR/busy" ] && [ -d "$ENVPOD_RUN_DIR/web" ]
	envpod run web -- true
}

@test "bases that were cut off" {
	mkdir -p "$ENVPOD_STATE_DIR"/bases/{.new-web,.old-x,.new-nosuch,real}
	: >"$ENVPOD_STATE_DIR/bases/real/stack"
	envpod gc | grep -q ' 3 unfinished base'
	[ "$(ls -A "$ENVPOD_STATE_DIR/bases")" = real ]
}
