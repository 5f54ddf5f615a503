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
