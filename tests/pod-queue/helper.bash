# shellcheck shell=bash
# A pod with a queue, and an executor of the test's own that says what it was told.
queue_setup()
{
	envpod_setup
	D=$ENVPOD_STATE_DIR/pods/q
	Q=$D/queue
	SOCK=$ENVPOD_RUN_DIR/q/queue/sock
	export ENVPOD_QUEUE_SOCKET=$SOCK
	cd "$T" || return
}

# make_pod [YAML]: without a network, so that nothing but the queue has to live.
make_pod()
{
	printf '%s\n' "network: {mode: None}" "queue: {socket: yes${2:+, $2}}" "$1" >pod.yaml
	envpod init -c pod.yaml q
}

# govern: the daemons as before a run, and none of the run.
govern() { pod-supervise helpers --set govern start q; }
ungovern() { pod-supervise helpers --set govern stop q; }
keeper() { cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/q/govern/helpers.pid"; }
steward() { sed -n 's/^queue \([0-9]*\) .*/\1/p' "$ENVPOD_RUN_DIR/q/govern/services.state"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

# An executor that is a shell script, by the name given: BODY is what it does; "$line" is its input.
executor()
{
	printf '#!/bin/sh\nread -r line\n%s\n' "$2" >"$T/$1.sh"
	chmod 755 "$T/$1.sh"
}

# Until execution is of no concern, a stand-in for `pod-queue execute`: $T/execute decides what
# becomes of running/ID.json.  All else is the real one.
stand_in()
{
	mkdir -p "$T/tools"
	cat >"$T/tools/pod-queue" <<-END
	#!/bin/bash
	[ "\$1" = execute ] || exec "$B/bin/pod-queue" "\$@"
	id=\${!#}
	echo "\$id" >>"$T/executed"
	Q=$Q
	. "$T/execute"
	END
	chmod +x "$T/tools/pod-queue"
	cat >"$T/execute" <<-'END'
	exec 6>"$Q/lock"
	flock 6
	jq -c '.status = "executed" | .ended = "2026-01-01T00:00:00Z" | .result = {"ok": 1}' "$Q/running/$id.json" >"$Q/running/.x.$id"
	mv "$Q/running/.x.$id" "$Q/running/$id.json"
	mv "$Q/running/$id.json" "$Q/done/$id.json"
	END
	export ENVPOD_TOOLS=$T/tools
}

# ask JSON: one line to the socket, as an agent would; the answer.
ask() { printf "%s\n" "$@" | "$TOP/tests/pod-queue/ask.py" "$SOCK"; }
id_of() { jq -r .id; }
is_in() { [ -e "$Q/$1/$2.json" ]; }
events() { pod-audit query --json q | jq -c "select(.event == \"$1\")"; }
has_event() { [ "$(events "$1" | wc -l)" -ge "${2:-1}" ]; }

# What a test of the socket needs: a pod, and who listens there.
governed_setup()
{
	need root overlay userns
	queue_setup
	make_pod
	govern
}

# speak: Python with s, a socket that is connected, and new() for more of them.
speak()
{
	python3 -c "
import json, os, socket, sys, time
def new():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(40)
    s.connect('$SOCK')
    return s
def line(s):
    f = s.makefile('rb')
    return json.loads(f.readline() or b'null')
s = new()
$(cat)"
}
