load ../lib/envpod
load helper
setup() { vault_setup; pod web; }
teardown() { envpod_teardown; }

@test "rm: all that are named, or none; the files go" {
	put web A value-of-a
	put web B value-of-b
	put web C value-of-c
	expect 2 pod-vault rm web A NOSUCH
	[ "$(pod-vault list --json web | wc -l)" = 3 ]
	envpod vault web rm A B
	[ "$(pod-vault list --json web | jq -r .key)" = C ]
	[ "$(ls "$PODS/web/vault")" = C ]
	expect 2 pod-vault get web A
	[ "$(events web vault_rm '.keys | join(" ")')" = 'A B' ]
}

@test "rm: a version never comes twice, so a removed secret cannot be put back" {
	put web A first-value
	cp "$PODS/web/vault/A" "$T/old"
	pod-vault rm web A
	cp "$T/old" "$PODS/web/vault/A"
	expect 2 pod-vault get web A
	put web A second-value
	cp "$T/old" "$PODS/web/vault/A"
	expect 78 pod-vault get web A
}

@test "forget: nothing of a destroyed pod opens again, under the same name neither" {
	envpod init gone -c <(echo 'name: gone')
	put gone KEY of-the-first-pod
	cp -a "$PODS/gone/vault" "$T/vault" && cp -a "$PODS/gone/vaultid" "$T/vaultid"
	envpod destroy gone
	refute grep -q gone <(index)
	envpod init gone -c <(echo 'name: gone')
	expect 2 pod-vault get gone KEY
	put gone KEY of-the-second-pod
	cp "$T/vault/KEY" "$PODS/gone/vault/KEY"
	expect 78 pod-vault get gone KEY
	cp "$T/vaultid" "$PODS/gone/vaultid"
	expect 78 pod-vault get gone KEY
	expect 78 pod-vault set gone KEY <<<new
}

@test "a clone has none of its source's secrets" {
	envpod init one -c <(echo 'name: one')
	put one KEY of-the-source
	envpod clone one two
	[ ! -e "$PODS/two/vault" ] && [ ! -e "$PODS/two/vaultid" ]
	expect 2 pod-vault get two KEY
}
