# envpod-vault(5), against an implementation that shares nothing with ours.
load ../lib/envpod
load helper
setup() { vault_setup; }
teardown() { envpod_teardown; }

scope_words() { index | awk -v pod="$1" '$1 == "scope" && $3 == pod { print $5, $4 }'; }

@test "the other implementation gives the published vector" { vault_py check; }

@test "what pod-vault seals the other one opens" {
	pod web
	put web API_KEY 'sk-live-0123456789'
	read -r key id < <(scope_words web)
	[ "$(vault_py value "$PODS/web/vault/API_KEY" "$key" "$id" API_KEY)" = sk-live-0123456789 ]
	[ "$id" = "$(cat "$PODS/web/vaultid")" ]
	index | grep -Eqx 'secret API_KEY 1 [0-9]{10}'
	refute vault_py value "$PODS/web/vault/API_KEY" "$key" "$id" API_KEX
}

@test "what the other one seals pod-vault opens" {
	pod web
	vault_py make "$ENVPOD_STATE_DIR" web TOKEN 'made elsewhere'
	[ "$(value web TOKEN)" = 'made elsewhere' ]
	[ "$(pod-vault list --json web | jq -r '"\(.version) \(.time)"')" = '7 2023-11-14T22:13:20.000000Z' ]
	put web NEXT value
	index | grep -Eqx 'secret NEXT 8 [0-9]+'
}

@test "files: 0600 in directories 0700; two seals of one value have nothing in common" {
	pod web
	put web A same-value
	put web B same-value
	[ "$(stat -c %a "$KEYS" "$KEYS/master" "$KEYS/index" "$PODS/web/vault" "$PODS/web/vault/A" | tr '\n' ' ')" = '700 600 600 700 600 ' ]
	refute cmp -s <(tail -c +41 "$PODS/web/vault/A") <(tail -c +41 "$PODS/web/vault/B")
}
