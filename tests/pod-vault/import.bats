load ../lib/envpod
load helper
setup() { vault_setup; pod web; }
teardown() { envpod_teardown; }

keys() { pod-vault list --json "${1:-web}" | jq -rs 'map(.key) | join(" ")'; }

@test "import: lines as docker reads them" {
	printf '\xef\xbb\xbf# a remark\n\nA=one\n  B = two words \nC="quoted"\r\nD=a=b#c\n_E9=\tx' >"$T/.env"
	sed -i 's/B =/B=/' "$T/.env"
	envpod vault web import "$T/.env" 2>"$T/said"
	[ "$(keys)" = 'A B C D _E9' ]
	[ "$(value web A)" = one ]
	[ "$(value web B; echo .)" = ' two words .' ]
	[ "$(value web C)" = '"quoted"' ]
	[ "$(value web D)" = 'a=b#c' ]
	[ "$(value web _E9)" = $'\tx' ]
	grep -q 'value of C is in quotes' "$T/said"
	[ "$(events web vault_set '.keys | join(" ")')" = 'A B C D _E9' ]
}

@test "import: all or nothing, with line and column" {
	put web OLD old-value
	while IFS='|' read -r text place; do
		printf 'GOOD=1\n%b' "$text" >"$T/bad"
		expect 78 pod-vault import web "$T/bad"
		grep -qF "bad:$place: " <<<"$output" || { echo "$text: $output" >&2; false; }
		refute grep -q seekrit <<<"$output"
	done <<-'END'
	no-equals-seekrit|2:1
	\t seekrit|2:3
	1X=y|2:1
	A B=seekrit|2:1
	=seekrit|2:1
	A=|2:2
	GOOD=2|2:1
	A=b\n\nC=x\0y|4:4
	END
	[ "$(keys)" = OLD ]
	expect 2 pod-vault import web /dev/null
	expect 2 pod-vault import web "$T/nosuch"
	head -c 1100000 /dev/zero | tr '\0' '#' >"$T/long"
	expect 64 pod-vault import web "$T/long"
}

@test "import: what is there is kept unless it may be overwritten; - is standard input" {
	put web A old-value
	printf 'B=1\nA=2\n' >"$T/file"
	expect 3 pod-vault import web "$T/file"
	[ "$(keys)" = A ]
	pod-vault import --overwrite web - <"$T/file"
	[ "$(keys)" = 'A B' ]
	[ "$(value web A)" = 2 ]
	printf 'X=1\n' | envpod vault --scope team import -
	[ "$(pod-vault list --scope team --json | jq -r .key)" = X ]
}

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
