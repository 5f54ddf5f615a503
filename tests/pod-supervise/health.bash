# shellcheck shell=bash
# A pod that is looked after.
load ../lib/envpod

health_setup()
{
	need root overlay userns netns
	envpod_setup
	unset SUDO_UID
	POD=$ENVPOD_STATE_DIR/pods/web
	LOG=$POD/log/run.log
}

health_teardown()
{
	pod-supervise stop -t 1 web >/dev/null 2>&1 || true
	envpod_teardown
}

# pod LINE...: its health section; a check each second, from the start.
pod()
{
	printf '%s\n' "network: {mode: None}" "health:" "  interval: 1" "  grace_period: 0" "  timeout: 1" "${@/#/  }" >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web >/dev/null
}

in_pod() { envpod run --root web -- "$@" 2>"$T/in_pod"; }
events() { envpod audit --json web | jq -c "select(.event | startswith(\"health\")) | $1"; }
state() { [ "$(envpod status --json web | jq -r .health.state)" = "$1" ]; }
is_passing() { pod-supervise health --json web | jq -se "any(.[]; .check == \"$1\" and .state == \"passing\")" >/dev/null; }
said() { pod-supervise health web | grep -qF -- "$1"; }
begun() { [ "$(grep -c begun "$LOG")" = "$1" ]; }
frozen() { [ "$(envpod status --json web | jq -r .status)" = frozen ]; }
