# Samples of the pod file format: tests/formats/podfile/README says what they are.
load ../lib/envpod
setup() { envpod_setup; SAMPLES=$TOP/tests/formats/podfile; }
teardown() { envpod_teardown; }

# holds WANT: the JSON on stdin has at least these keys and exactly these lists.
holds()
{
	jq -e --slurpfile want "$1" '. * $want[0] == .' >/dev/null
}

@test "each sample to accept compiles to what it must hold" {
	local bad=0
	for file in "$SAMPLES"/accept/*.yaml; do
		pod-config check "$file" >"$T/pod.json" 2>"$T/err" || { cat "$T/err"; bad=1; continue; }
		[ -e "${file%.yaml}.want" ] || continue
		holds "${file%.yaml}.want" <"$T/pod.json" || { echo "$file differs"; bad=1; }
	done
	[ $bad -eq 0 ]
}

@test "the comparison of samples sees a difference" {
	echo '{"user": "somebody"}' >"$T/want"
	pod-config check "$SAMPLES/accept/empty.yaml" >"$T/pod.json"
	refute holds "$T/want" <"$T/pod.json"
	echo '{"filesystem": {"tracking": {"watch": ["/home"]}}}' >"$T/want"
	refute holds "$T/want" <"$T/pod.json"
}

# said FILE: every line of FILE.err stands in the messages, and they are no more.
said()
{
	local name line n=0
	name=$(basename "$1")
	while IFS= read -r line; do
		n=$((n + 1))
		grep -qF -- "$name:$line" "$T/err" || { echo "$name lacks: $line"; return 1; }
	done <"${1%.yaml}.err"
	[ "$(grep -vc ': note: ' "$T/err")" -eq $n ]
}

@test "each sample to reject is refused with 78 and exactly its messages" {
	local bad=0
	for file in "$SAMPLES"/reject/*.yaml; do
		status=0
		pod-config check "$file" >"$T/out" 2>"$T/err" || status=$?
		[ "$status" -eq 78 ] || { echo "$file: status $status"; bad=1; continue; }
		[ ! -s "$T/out" ] || { echo "$file: an answer in spite of errors"; bad=1; }
		said "$file" || { cat "$T/err"; bad=1; }
	done
	[ $bad -eq 0 ]
}

@test "messages stand in the file's order and hold no control byte" {
	for file in "$SAMPLES"/reject/*.yaml; do
		pod-config check "$file" 2>"$T/err" || true
		cut -d : -f 2,3 "$T/err" | sort -c -t : -k 1,1n -k 2,2n
		refute env LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$T/err"
	done
}

@test "what is compiled compiles to itself" {
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	dir=$ENVPOD_STATE_DIR/pods/web
	for file in "$SAMPLES"/accept/*.yaml; do
		case $file in *processor.yaml) continue ;; esac # names a disk
		pod-config compile --name web --into "$dir" "$file" 2>/dev/null
		cp "$dir/plan" "$T/before"
		pod-config plan web
		cmp "$T/before" "$dir/plan"
	done
}
