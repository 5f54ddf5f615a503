#!/usr/bin/env bats
# What pod-mount promises: the view, its layers, what changed in it.
load contract
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns
	contract_setup pod-mount
	PROJECT=$T/project
	mkdir "$PROJECT"
	echo one >"$PROJECT/file"
	pod web
	POD=$ENVPOD_STATE_DIR/pods/web
}
teardown() { envpod_teardown; }

# With the project brought in: it lies on another mount than the host's root.
enter() { "$TOOL" enter -w "$PROJECT" web -- "$@"; }

@test "prepare: an empty stack" {
	[ -e "$POD/stack" ]
	[ ! -s "$POD/stack" ]
}

@test "enter: COMMAND stands in the view's root, in a mount namespace of its own; its status is ours" {
	[ "$("$TOOL" enter web -- sh -c 'ls -d etc/passwd')" = etc/passwd ]
	[ "$("$TOOL" enter web -- readlink /proc/self/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]
	expect 7 "$TOOL" enter web -- sh -c 'exit 7'
	expect 127 "$TOOL" enter web -- no-such-program
}

@test "enter: the pod's lock passes on as ENVPOD_LOCK_FD" {
	"$TOOL" enter web -- sh -c 'test -e /proc/self/fd/$ENVPOD_LOCK_FD'
	refute "$TOOL" enter web -- flock -n "$ENVPOD_RUN_DIR/web/lock" true
}

@test "the host is not changed; diff says what would be; rollback drops it" {
	enter sh -c "echo two >.$PROJECT/file; echo new >.$PROJECT/new"
	[ "$(cat "$PROJECT/file")" = one ]
	[ ! -e "$PROJECT/new" ]
	[ "$("$TOOL" diff --cwd "$PROJECT" web | sort)" = "A  new
M  file" ]
	[ "$("$TOOL" diff -z web | tr '\0' '\n' | sort)" = "$PROJECT/file
$PROJECT/new" ]
	"$TOOL" diff --json web | objects path kind
	expect 1 "$TOOL" diff --exit-code web
	"$TOOL" rollback web
	expect 0 "$TOOL" diff --exit-code web
}

@test "commit: the paths given, or all that is tracked" {
	enter sh -c "echo two >.$PROJECT/file; echo new >.$PROJECT/new"
	"$TOOL" commit --cwd "$PROJECT" web new
	[ "$(cat "$PROJECT/new")" = new ]
	[ "$(cat "$PROJECT/file")" = one ]
	"$TOOL" commit web
	[ "$(cat "$PROJECT/file")" = two ]
	expect 0 "$TOOL" diff --exit-code web
}

@test "commit: 3 where the host changed meanwhile, nothing applied" {
	enter sh -c "echo two >.$PROJECT/file; echo new >.$PROJECT/new"
	echo mine >"$PROJECT/file"
	expect 3 "$TOOL" commit web
	[ "$(cat "$PROJECT/file")" = mine ]
	[ ! -e "$PROJECT/new" ]
}

@test "what a run wrote is a layer at the next; seal closes it by name" {
	enter sh -c "echo new >.$PROJECT/new"
	enter grep -qx new ".$PROJECT/new"
	[ "$(cut -d' ' -f2 "$POD/stack")" = auto ]
	"$TOOL" seal web setup
	[ "$(cut -d' ' -f2 "$POD/stack")" = setup ]
}

@test "75 while another command holds the pod" {
	exec 8>>"$ENVPOD_RUN_DIR/web/lock"
	flock 8
	expect 75 "$TOOL" diff web 8>&- || expect 75 "$TOOL" commit web 8>&-
	exec 8>&-
}

@test "snapshot create prints an id; restore goes back to it and to a name" {
	enter sh -c "echo two >.$PROJECT/file"
	id=$("$TOOL" snapshot web create -n two)
	enter sh -c "echo three >.$PROJECT/file"
	"$TOOL" snapshot web restore "$id"
	enter grep -qx two ".$PROJECT/file"
	"$TOOL" snapshot web restore two
	"$TOOL" snapshot web ls --json | objects id time kind layers
	"$TOOL" snapshot web destroy two
}

@test "remove: mounts and layers are gone" {
	"$TOOL" enter web -- true
	"$TOOL" remove web
	refute grep -q "$ENVPOD_RUN_DIR/web" /proc/self/mounts
	[ -z "$(ls "$ENVPOD_STATE_DIR/layers")" ]
}

@test "doctor --json: one check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "words" {
	helps prepare enter seal diff commit rollback snapshot base clone add drop remove gc fsck doctor
	expect 2 "$TOOL" enter nosuch -- true || expect 125 "$TOOL" enter nosuch -- true
}
