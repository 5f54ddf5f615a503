# shellcheck shell=bash
# A vault in a state directory of the test's own.

vault_setup()
{
	envpod_setup
	need root
	KEYS=$ENVPOD_STATE_DIR/keys
	PODS=$ENVPOD_STATE_DIR/pods
}

# pod NAME [YAML]: compiled, but without a view: the vault needs none.
pod()
{
	mkdir -p -m 700 "$PODS"
	mkdir -m 700 "$PODS/$1"
	printf '%s\n' "${2:-}" >"$T/$1.yaml"
	pod-config compile --name "$1" --into "$PODS/$1" --file "$T/$1.yaml" || return
	: >"$PODS/$1/created"
}

put() { printf '%s' "$3" | pod-vault set "$1" "$2"; }
value() { pod-vault get "$1" "$2"; }
events() { pod-audit query --json "$1" | jq -r "select(.event == \"$2\") | ${3:-.event}"; }
vault_py() { "$TOP/tests/pod-vault/vault.py" "$@"; }

# index: its text, opened by the other implementation.
index() { vault_py open "$KEYS/index" "$KEYS/master"; }
