# shellcheck shell=bash
# A pod for pod-exec alone: written by hand, its view a plain overlay of the host, so that these
# tests say something about pod-exec whatever state the other tools are in.

# pod NAME [PLAN-LINE]...: make it.  The invoking user is uid 1000.
pod()
{
	local name=$1 dir=$ENVPOD_STATE_DIR/pods/$1
	shift
	mkdir -p "$dir" && chmod 700 "$ENVPOD_STATE_DIR"
	echo '{}' >"$dir/pod.json"
	POD_USER=${POD_USER:-1000}
	export ENVPOD_TOOLS=$TOP/tests/pod-exec/standin
	plan "$name" "$@"
	pod-exec --compile "$name"
}

# plan NAME [LINE]...: write the plan anew.
plan()
{
	local name=$1 dir=$ENVPOD_STATE_DIR/pods/$1 stat
	shift
	stat=$(stat -c '%i %.9Y %s' "$dir/pod.json" | tr -d .)
	{
		echo "envpod-plan 1 $stat"
		echo "name $name"
		echo "user.name tester"
		echo "user.uid $POD_USER"
		echo "user.gid $POD_USER"
		echo "user.home /home/tester"
		echo "user.shell /bin/sh"
		echo "identity.uid $POD_USER"
		echo "identity.gid $POD_USER"
		echo "base 524288"
		echo "view host"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		grep -q '^seccomp' <<<"$*" || echo "seccomp default"
		echo end
	} >"$dir/plan"
}

# become_pod NAME [OPTION]... -- COMMAND...: the chain of a run, in place of this shell; in the
# background it is $! itself.
become_pod()
{
	local pod=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	exec "$ENVPOD_TOOLS/pod-mount" enter "$pod" -- pod-exec "${options[@]}" "$pod" "$@"
}

# in_pod NAME [OPTION]... -- COMMAND...: the same, and back.
in_pod() { (become_pod "$@"); }
