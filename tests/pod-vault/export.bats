# Bundles: all secrets in one sealed file, by a passphrase or for recipients.
load ../lib/envpod
load helper
setup() { vault_setup; pod web; }
teardown() { envpod_teardown; }

keys() { pod-vault list --json "${1:-web}" | jq -rs 'map(.key) | join(" ")'; }

@test "export and import --bundle: to another machine, by a passphrase" {
	put web A value-of-a
	printf 'two\nlines' | pod-vault set web B
	expect 64 pod-vault export --passphrase-fd 5 web "$T/bundle" 5<<<short
	pod-vault export --passphrase-fd 5 web "$T/bundle" 5<<<'correct horse'
	[ "$(stat -c %a "$T/bundle")" = 600 ]
	refute grep -aq value-of-a "$T/bundle"
	expect 2 pod-vault export --passphrase-fd 5 web "$T/bundle" 5<<<'correct horse'
	export ENVPOD_STATE_DIR=$T/state2
	mkdir -m 700 "$ENVPOD_STATE_DIR"
	PODS=$ENVPOD_STATE_DIR/pods
	pod other
	expect 2 pod-vault import --bundle --passphrase-fd 5 other "$T/bundle" 5<<<'wrong horse'
	[ -z "$(keys other)" ]
	pod-vault import --bundle --passphrase-fd 5 other "$T/bundle" 5<<<'correct horse'
	[ "$(value other B)" = $'two\nlines' ]
	[ "$(value other A)" = value-of-a ]
}

@test "a bundle: changed, cut, with figures out of bounds" {
	put web A value-of-a
	pod-vault export --passphrase-fd 5 web "$T/bundle" 5<<<'correct horse'
	pod other
	for at in 0 12 16 40 100; do
		python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[int(sys.argv[2])] ^= 1; open(sys.argv[3], "wb").write(d)' "$T/bundle" "$at" "$T/bad"
		refute pod-vault import --bundle --passphrase-fd 5 other "$T/bad" 5<<<'correct horse'
	done
	# A header that asks for 1 TiB, or for no work at all.
	for figures in '3 1073741824' '4000000000 65536' '0 65536' '3 0'; do
		python3 -c 'import struct, sys; d = bytearray(open(sys.argv[1], "rb").read()); d[56:64] = struct.pack("<II", *map(int, sys.argv[2].split())); open(sys.argv[3], "wb").write(d)' "$T/bundle" "$figures" "$T/bad"
		expect 78 pod-vault import --bundle --passphrase-fd 5 other "$T/bad" 5<<<'correct horse'
	done
	head -c 100 "$T/bundle" >"$T/bad"
	expect 78 pod-vault import --bundle --passphrase-fd 5 other "$T/bad" 5<<<'correct horse'
	expect 78 pod-vault import --bundle --passphrase-fd 5 other "$KEYS/index" 5<<<'correct horse'
	[ -z "$(keys other)" ]
}

@test "a bundle opens by the page alone" {
	need argon2
	put web A value-of-a
	pod-vault export --passphrase-fd 5 web "$T/bundle" 5<<<'correct horse'
	[ "$(/usr/bin/python3 "$TOP/tests/pod-vault/vault.py" bundle "$T/bundle" 'correct horse')" = $'envpod-vault-bundle 1\nsecret A 10\nvalue-of-a\nend' ]
}
have_argon2() { /usr/bin/python3 -c 'import argon2.low_level' 2>/dev/null; }

# --- for recipients ---

have_age() { command -v age >/dev/null; }

# recipient NAME: a key of age's, its public half in $public.
recipient()
{
	need age
	age-keygen -o "$T/$1.key" 2>/dev/null
	public=$(age-keygen -y "$T/$1.key")
}

TEXT=$'envpod-vault-bundle 1\nsecret A 10\nvalue-of-a\nsecret B 9\ntwo\nlines\nend\n'
two_secrets() { put web A value-of-a; printf 'two\nlines' | pod-vault set web B; }

@test "for a recipient: age opens what we made, and we what age made" {
	recipient one
	two_secrets
	envpod vault web export --recipient "$public" "$T/bundle"
	[ "$(stat -c %a "$T/bundle")" = 600 ]
	head -1 "$T/bundle" | grep -qx 'age-encryption.org/v1'
	refute grep -aq value-of-a "$T/bundle"
	[ "$(age -d -i "$T/one.key" "$T/bundle"; echo .)" = "$TEXT." ]
	pod other
	envpod vault other import --identity "$T/one.key" "$T/bundle"
	[ "$(value other A) $(value other B)" = $'value-of-a two\nlines' ]
	pod third
	printf '%s' "$TEXT" | age -a -r "$public" | pod-vault import -i "$T/one.key" third -
	[ "$(keys third)" = 'A B' ]
	expect 2 pod-vault export -r "$public" web "$T/bundle" # a new file alone
	pod-vault export -r "$public" web - | age -d -i "$T/one.key" | cmp - <(printf '%s' "$TEXT")
}

@test "several recipients, of a file, and one with a key of ssh" {
	recipient one
	echo "$public" >"$T/people"
	recipient two
	printf '# a remark\n%s\n' "$public" >>"$T/people"
	ssh-keygen -q -t ed25519 -N '' -f "$T/ssh"
	two_secrets
	pod-vault export -R "$T/people" -r "$(cat "$T/ssh.pub")" web "$T/bundle"
	for name in one.key two.key ssh; do
		pod "${name%.key}"
		pod-vault import -i "$T/$name" "${name%.key}" "$T/bundle"
		[ "$(keys "${name%.key}")" = 'A B' ]
	done
	recipient none
	pod both
	pod-vault import -i "$T/none.key" -i "$T/two.key" both "$T/bundle"
	[ "$(keys both)" = 'A B' ]
}

@test "a large bundle passes through" {
	recipient one
	head -c 60000 /dev/urandom | base64 -w0 | head -c 65000 >"$T/value"
	for i in {1..20}; do pod-vault set web "K$i" <"$T/value"; done
	pod-vault export -r "$public" web "$T/bundle"
	pod other
	pod-vault import -i "$T/one.key" other "$T/bundle"
	pod-vault get other K20 | cmp - "$T/value"
}

@test "for a recipient: another's key, a file that was changed or cut, text that is none of ours: nothing comes in" {
	recipient two
	recipient one
	two_secrets
	pod-vault export -r "$public" web "$T/bundle"
	pod other
	expect 2 pod-vault import -i "$T/two.key" other "$T/bundle"
	grep -q 'age could not open the bundle' <<<"$output"
	head -c -1 "$T/bundle" >"$T/bad"
	expect 2 pod-vault import -i "$T/one.key" other "$T/bad"
	(cat "$T/bundle"; echo) >"$T/bad"
	expect 2 pod-vault import -i "$T/one.key" other "$T/bad"
	expect 2 pod-vault import -i "$T/one.key" other /dev/null
	expect 2 pod-vault import -i "$T/nosuch" other "$T/bundle"
	for text in '' $'A=value-of-a\n' "${TEXT%end?}" "$TEXT$TEXT"; do
		printf '%s' "$text" | age -r "$public" >"$T/bad"
		expect 78 pod-vault import -i "$T/one.key" other "$T/bad"
		refute grep -q value-of-a <<<"$output"
	done
	[ -z "$(keys other)" ]
	for wrong in age1nonsense '' -d --decrypt "$T/one.key"; do
		expect 2 pod-vault export -r "$wrong" web "$T/none"
	done
	[ ! -e "$T/none" ]
	expect 64 pod-vault export -R - web "$T/none"
	expect 64 pod-vault import -i - other "$T/bundle"
	expect 64 pod-vault export -r "$public" --passphrase-fd 5 web "$T/none" 5<<<'correct horse'
	expect 64 pod-vault import -i "$T/one.key" --passphrase-fd 5 other "$T/bundle" 5<<<'correct horse'
}

@test "without age: 77, and nothing is written; age learns nothing by argument or variable" {
	two_secrets
	expect 77 env PATH=/nonexistent "$B/bin/pod-vault" export -r age1x web "$T/bundle"
	[ ! -e "$T/bundle" ]
	mkdir "$T/bin"
	printf '#!/bin/sh\ncat >/dev/null\ntr "\\0" "\\n" </proc/$$/environ >%s/seen\ntr "\\0" "\\n" </proc/$$/cmdline >>%s/seen\nls -l /proc/$$/fd >>%s/seen\necho sealed\n' "$T" "$T" "$T" >"$T/bin/age"
	chmod +x "$T/bin/age"
	PATH=$T/bin:$PATH SECRET=value-of-mine pod-vault export -r age1x web "$T/bundle"
	[ "$(cat "$T/bundle")" = sealed ]
	refute grep -q value "$T/seen"
	refute grep -q keys/ "$T/seen"
	printf '#!/bin/sh\nexit 3\n' >"$T/bin/age"
	expect 2 env PATH="$T/bin:$PATH" pod-vault export -r age1x web "$T/none"
	[ ! -e "$T/none" ]
}
