load ../lib/envpod
load helper
setup() { vault_setup; pod web; }
teardown() { envpod_teardown; }

@test "list: names, versions, times; never values" {
	[ -z "$(pod-vault list --json web)" ]
	put web B value-of-b
	put web A value-of-a
	[ "$(pod-vault list --json web | jq -r .key)" = $'A\nB' ]
	pod-vault list --json web | jq -e '.version > 0 and (.time | fromdateiso8601? // (sub("\\.[0-9]+Z"; "Z") | fromdateiso8601)) > 1700000000'
	refute grep -q value-of <(envpod vault web list; pod-vault list --json web)
}

@test "list: of a pod that was never there, and of words too many" {
	expect 2 pod-vault list nosuch
	expect 64 pod-vault list
	expect 64 pod-vault list web web
	expect 64 pod-vault list --scope team web
	expect 64 pod-vault list --scope ../x
	expect 64 envpod vault web frob
}
