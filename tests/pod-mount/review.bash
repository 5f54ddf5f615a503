# shellcheck shell=bash
# Pods with something to review: for the tests of diff, commit and rollback.

# review_setup: a project tree in $T/proj and a pod "web" that works in it.
review_setup()
{
	envpod_setup
	need root overlay userns
	project
	pod web "${1:-}"
	cd "$T/proj" || return
}

project()
{
	mkdir -p "$T/proj/src" "$T/proj/tests"
	echo one >"$T/proj/src/one"
	echo two >"$T/proj/src/two"
	echo old >"$T/proj/tests/old_test.py"
	echo '[user]' >"$T/proj/.gitconfig"
}

# The same project, a new pod of that file.
again_with()
{
	pod-mount remove web
	rm -rf "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR/web"
	pod web "$1"
}

# agent SCRIPT: a run of the pod, as its root, in the project.  (nsenter opens the directory before it
# gives up the right to walk there; the script cannot cd.)  What the human did before it is surely older.
agent()
{
	tick
	# shellcheck disable=SC2016
	pod-mount enter -w "$T/proj" web -- sh -c 'exec nsenter --user="$0" --wd="./$1" \
		setpriv --reuid=0 --regid=0 --clear-groups sh -ec "$2"' \
		"$ENVPOD_RUN_DIR/web/ns/user" "$T/proj" "$1"
}

# The text of diff and commit, stdout alone.
pod_diff() { pod-mount diff --cwd "$T/proj" "$@"; }
pod_commit() { pod-mount commit --cwd "$T/proj" "$@"; }
pod_rollback() { pod-mount rollback --cwd "$T/proj" "$@"; }

# lines TEXT: stdin is exactly that.
lines() { diff -u <(printf '%s\n' "$1") -; }
# What the next run of the pod will see of the project, as hashes() lists it.
view_hashes() { agent 'find . -mindepth 1 -printf "%y %P %l\n" | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum'; }
host_hashes() { (cd "$T/proj" && find . -mindepth 1 -printf '%y %P %l\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum); }

undo_dirs() { find "$ENVPOD_STATE_DIR/pods/web/undo" -mindepth 1 -maxdepth 1 -type d | sort; }
events() { cat "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl | jq -r "$1"; }
# Everything that is left in the layers of the project's cover, whatever it is.
in_layers() { find "$ENVPOD_STATE_DIR/pods/web/upper" "$ENVPOD_STATE_DIR"/layers/*/tree -path '*_proj/*' -printf '%P\n' 2>/dev/null | sed 's,^[^/]*/,,' | sort -u; }
# A process that lives in the pod, as far as anybody can tell.
come_alive()
{
	sleep 1000 3>&- &
	echo "$! $(cut -d' ' -f22 "/proc/$!/stat")" >"$ENVPOD_RUN_DIR/web/init.pid"
}
die_again()
{
	local pid
	read -r pid _ <"$ENVPOD_RUN_DIR/web/init.pid"
	kill "$pid" && wait "$pid" || true
	rm "$ENVPOD_RUN_DIR/web/init.pid"
}
# The project in the upper, while it is one.
upper_proj() { echo "$ENVPOD_STATE_DIR/pods/web/upper/"*"${T##*/}"_proj; }
