# shellcheck shell=bash
# Executing actions without the daemon that usually starts it: a pod, and files in running/ as the
# steward leaves them there.

# actions_pod NAME [LINE-OF-FILESYSTEM-OR-BELOW]...: make it, for user 1000.
actions_pod()
{
	export SUDO_UID=1000 SUDO_GID=1000
	local name=$1
	shift
	{
		printf '%s\n' "name: $name" "filesystem:" "  mount_cwd: true"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$T/$name.yaml"
	POD=$name
	H=$T/home
	mkdir -p "$H"
	chown 1000:1000 "$H"
	(cd "$H" && envpod init "$name" -c "$T/$name.yaml" >/dev/null)
	queue_dirs
}

# Of a pod that is made already.
queue_dirs()
{
	QUEUE=$ENVPOD_STATE_DIR/pods/$POD/queue
	mkdir -p -m 700 "$QUEUE"/{,running,done,denied}
	N=0
}

# own NAME TYPE CONFIG [BODY]: an action of the pod's own, with an executor of its own where BODY is given (its first
# line says in which language).
own()
{
	local dir=$ENVPOD_STATE_DIR/pods/$POD list
	list=$(cat "$dir/actions.json" 2>/dev/null || echo '[]')
	jq -c --arg n "$1" --arg t "$2" --argjson c "$3" 'map(select(.name != $n)) + [{name:$n,description:$n,tier:"staged",action_type:$t,config:$c}]' <<<"$list" >"$dir/actions.json"
	[ $# -gt 3 ] || return 0
	mkdir -p -m 755 "$dir/actions"
	printf '%s\n' "$4" >"$dir/actions/$1"
	chmod 755 "$dir/actions/$1"
}

# action TYPE PARAMS [NAME]: execute it; $result is its file in done/, $id its id.
action()
{
	local type=$1 params name=${3:-$1} program tier config exec
	params=$(jq -cSj . <<<"$2")
	program=$ENVPOD_STATE_DIR/pods/$POD/actions/$name
	[ -e "$program" ] || case $type in
	http_* | webhook) program=$B/bin/pod-action-http ;;
	*) program=$B/bin/pod-action ;;
	esac
	tier=staged
	# canonical, as the catalog has it
	config=$(jq -cSj --arg n "$name" 'map(select(.name == $n))[0].config // {}' "$ENVPOD_STATE_DIR/pods/$POD/actions.json" 2>/dev/null || echo '{}')
	exec=$({ cat "$program"; printf %s "$config"; } | sha256sum | cut -d' ' -f1)
	id=$(printf 'aaaaaaaaaaaa%04d' $((N += 1)) | tr 0189 wxyz)
	digest=$(printf '%s\0%s\0%s\0%s' "$name" $tier "$exec" "$params" | sha256sum | cut -d' ' -f1)
	printf '{"v":1,"id":"%s","name":"%s","type":"%s","digest":"%s","by":"agent","created":"2026-01-02T03:04:05Z","started":"2026-01-02T03:04:06Z","tier":"%s","params":%s}\n' \
		"$id" "$name" "$type" "${DIGEST:-$digest}" $tier "$params" >"$QUEUE/running/$id.json"
	chmod 600 "$QUEUE/running/$id.json"
	${ON:-} pod-queue execute "$POD" "$id" </dev/null || return
	result=$QUEUE/done/$id.json
}

# done_ok TYPE PARAMS [NAME]: the same, and it must have gone well.
done_ok()
{
	action "$@" || return
	[ "$(jq -r .status "$result")" = executed ] || { cat "$result" >&2; return 1; }
}

# failed TYPE PARAMS REGEX [NAME]: it must fail, and say so.
failed()
{
	action "$1" "$2" ${4:+"$4"} || return
	[ "$(jq -r .status "$result")" = failed ] || { cat "$result" >&2; return 1; }
	jq -r .reason "$result" | grep -Eq -- "$3" || { cat "$result" >&2; return 1; }
}

# The undo record of the action executed last: its file.
record() { echo "$ENVPOD_STATE_DIR/pods/$POD/undo/$(jq -r .undo "$result")/record"; }
# never REGEX: nothing takes it back, and why.
never() { sed 's/\\040/ /g' "$(record)" | grep -Eq "^never .*$1" || { cat "$(record)" >&2; return 1; }; }
take_back() { ${ON:-} pod-queue reverse "$POD" "$id"; }

# In the directory where executors begin.
pod_sh() { envpod run "$POD" -- sh -c "cd $H && $1" </dev/null; }
