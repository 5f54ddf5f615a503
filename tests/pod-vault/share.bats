# Scopes that several pods share.
load ../lib/envpod
load helper
setup()
{
	vault_setup
	pod one 'vault: {env: [TOKEN]}'
	pod two 'vault: {env: [TOKEN]}'
	printf of-the-team | envpod vault --scope team set TOKEN
}
teardown() { envpod_teardown; }

env_of() { pod-vault env "$1" | tr '\0' '\n'; }

@test "a shared secret is for the pods that may use it, and no other" {
	expect 2 pod-vault env one
	envpod vault --scope team share one
	[ "$(env_of one)" = TOKEN=of-the-team ]
	expect 2 pod-vault env two
	[ "$(pod-vault list --json one | jq -r '"\(.key) \(.scope)"')" = 'TOKEN team' ]
	[ "$(events one vault_share .scope)" = team ]
	envpod vault --scope team unshare one
	expect 2 pod-vault env one
	expect 2 pod-vault unshare --scope team one
	expect 2 pod-vault share --scope nosuch one
	expect 64 pod-vault share one
}

@test "a pod's own secret comes before a shared one" {
	pod-vault share --scope team one two
	put two TOKEN its-own
	[ "$(env_of one)" = TOKEN=of-the-team ]
	[ "$(env_of two)" = TOKEN=its-own ]
	printf 'changed' | pod-vault set --scope team TOKEN
	[ "$(env_of one)" = TOKEN=changed ]
	[ "$(events one vault_set .scope)" = team ]
}

@test "who is made anew under a pod's name shares nothing" {
	envpod init gone -c <(printf 'name: gone\nvault: {env: [TOKEN]}\n') >/dev/null
	pod-vault share --scope team gone
	[ "$(env_of gone)" = TOKEN=of-the-team ]
	envpod destroy gone
	refute grep -q '^pod' <(index)
	envpod init gone -c <(printf 'name: gone\nvault: {env: [TOKEN]}\n') >/dev/null
	expect 2 pod-vault env gone
}

@test "what a pod has bound must be fit for requests, whosever secret it is" {
	pod bound 'network: {dns: {allow: [api.example]}}
vault: {bindings: [{key: TOKEN, domain: api.example}]}'
	pod-vault share --scope team bound
	expect 3 pod-vault set --scope team TOKEN <<<short
	grep -q 'pod bound, which uses it: TOKEN cannot be put into requests' <<<"$output"
	[ "$(pod-vault get --scope team TOKEN)" = of-the-team ]
	pod-vault share --scope team one
	pod-vault unshare --scope team bound
	pod-vault set --scope team TOKEN <<<short
	expect 3 pod-vault share --scope team bound
	# Its own comes first, and so the shared one does not matter.
	put bound TOKEN of-its-own
	pod-vault share --scope team bound
	pod-vault set --scope team TOKEN <<<other
}
