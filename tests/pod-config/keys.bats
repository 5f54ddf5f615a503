load ../lib/envpod
setup() { envpod_setup; }
teardown() { envpod_teardown; }

# "KEY TAB TYPE TAB DEFAULT" of each key, from the page: .It Cm KEY : TYPE, and its "Default:".
page_keys()
{
	awk '
	/^\.It Cm / {
		if (key) print key "\t" type "\t" fallback
		key = $3; type = $0; fallback = "-"
		sub(/^\.It Cm [^ ]* : Ar /, "", type)
	}
	/^Default: / { fallback = $0; sub(/^Default: /, "", fallback); sub(/\.$/, "", fallback) }
	/^\.Sh / && key { print key "\t" type "\t" fallback; key = "" }
	' "$TOP/man/pod.yaml.5" | sed 's/\\-/-/g; s/\\&//g; s/\\(ti/~/g' | sort
}

@test "pod.yaml(5) tells of each key, its type and its default, and of no other" {
	pod-config keys --json | jq -r '[.key, .type, .default // "-"] | @tsv' | sort >"$T/program"
	page_keys >"$T/page"
	[ "$(wc -l <"$T/program")" -gt 150 ]
	diff "$T/program" "$T/page"
}

@test "keys lists text, NDJSON and bare names, all of them the same keys" {
	pod-config keys -z | tr '\0' '\n' >"$T/bare"
	diff "$T/bare" <(pod-config keys --json | jq -r .key)
	diff "$T/bare" <(pod-config keys | tail -n +2 | cut -d ' ' -f 1)
	[ -z "$(sort "$T/bare" | uniq -d)" ]
}

@test "keys KEY lists what lies below it, and nothing is 1" {
	[ "$(pod-config keys -z network.dns | tr '\0' '\n' | grep -vc '^network.dns')" -eq 0 ]
	pod-config keys -z network.dns | tr '\0' '\n' | grep -qx network.dns.allow
	expect 1 pod-config keys no.such.key
}

@test "every key has a meaning" {
	pod-config keys --json | jq -e -s 'all(.[]; .meaning | length > 4)'
}

# A pod file of each default of the table, on its own: "key: {key: value}".
defaults()
{
	pod-config keys --json | jq -c 'select(.default and (.key | test("\\[|^host_user|^health") | not))
		| (.key | split(".")) as $path
		| (if .type | startswith("list") then "[" + (.default | gsub(" "; ", ")) + "]" else .default end) as $value
		| {$path, text: (($path | join(": {")) + ": " + $value + "}" * ($path | length - 1))}'
}

@test "a default that is said compiles to what it compiles to unsaid" {
	: >"$T/empty.yaml"
	pod-config check --json "$T/empty.yaml" >"$T/unsaid"
	[ "$(defaults | wc -l)" -gt 40 ]
	defaults | while read -r line; do
		jq -r .text <<<"$line" >"$T/pod.yaml"
		pod-config check --json "$T/pod.yaml" >"$T/said" || { cat "$T/pod.yaml"; exit 1; }
		jq -e --slurpfile unsaid "$T/unsaid" --argjson path "$(jq -c .path <<<"$line")" \
			'getpath($path) == ($unsaid[0] | getpath($path))' "$T/said" || { cat "$T/pod.yaml"; exit 1; }
	done
}
