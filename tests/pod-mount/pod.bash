# shellcheck shell=bash
# Pods for the tests of views: made by pod-config and pod-mount alone.

# pod NAME [YAML]: compile and prepare.
pod()
{
	mkdir -p -m 700 "$ENVPOD_STATE_DIR" "$ENVPOD_STATE_DIR/pods" "$ENVPOD_RUN_DIR"
	mkdir -m 700 "$ENVPOD_STATE_DIR/pods/$1"
	printf '%s\n' "${2:-}" >"$T/$1.yaml"
	pod-config compile --name "$1" --into "$ENVPOD_STATE_DIR/pods/$1" --file "$T/$1.yaml" &&
		pod-mount prepare "$1"
}

# in_view POD SCRIPT: a shell of the host standing in the view's root.
in_view()
{
	pod-mount enter "$1" -- sh -c "$2"
}

# as_pod POD UID SCRIPT: the same with the ids of the pod, by the host's programs.
as_pod()
{
	pod-mount enter "$1" -- nsenter --user="$ENVPOD_RUN_DIR/$1/ns/user" \
		setpriv --reuid="$2" --regid="$2" --clear-groups sh -c "$3"
}

# apart SCRIPT: a bash in a mount namespace of its own, in which tests may mount what they like;
# it has the helpers.
apart()
{
	unshare -m --propagation private bash -euo pipefail -c \
		"load() { :; }; . '$TOP/tests/pod-mount/pod.bash'; $1"
}

# layers POD: how many.
layers()
{
	wc -l <"$ENVPOD_STATE_DIR/pods/$1/stack"
}

upper() { echo "$ENVPOD_STATE_DIR/pods/$1/upper"; }

# Can a tmpfs carry an id map?  From Linux 6.3.
have_tmpfs_ids() { [ "$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -1)" = 6.3 ]; }

# Until the clock of files has gone on: what happens within one tick of it happens at once, and is in doubt.
tick()
{
	local was
	touch "$T/.tick"
	was=$(stat -c %.9Z "$T/.tick")
	while [ "$(stat -c %.9Z "$T/.tick")" = "$was" ]; do touch "$T/.tick"; done
	rm "$T/.tick"
}
