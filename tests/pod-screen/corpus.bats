# What is found of tests/pod-screen/corpus, and what is taken for an attack that is none.
load ../lib/envpod

setup() { envpod_setup; }
teardown() { envpod_teardown; }

# floors HALF ATTACKS INNOCENT RECALL PRECISION
floors()
{
	"$TOP/tests/pod-screen/corpus/measure" --half "$1" --misses pod-screen scan >"$T/said"
	echo "# $1 half: $(cat "$T/said")" >&3
	jq -e --argjson a "$2" --argjson i "$3" --argjson r "$4" --argjson p "$5" \
		'.attacks >= $a and .innocent >= $i and .recall >= $r and .precision >= $p' "$T/said"
}

@test "the half that rules were written against" { floors even 95 160 97 98; }

@test "the half that nobody looked at" { floors odd 90 160 88 90; }

@test "the pages of this project and of Debian say nothing to a model" {
	local page n=0 files=()
	mkdir "$T/pages"
	for page in "$TOP"/man/*.[157] /usr/share/man/man1/{git-rebase,tar,find,curl}.1.gz; do
		[ -e "$page" ] || continue
		case $page in *screen.[15]) continue ;; esac
		mandoc -T utf8 -O width=100 "$page" 2>/dev/null | col -bx >"$T/pages/$(basename "$page")" && n=$((n + 1))
	done
	[ $n -ge 25 ]
	for page in "$T"/pages/*; do files+=(-f "$page"); done
	pod-screen scan --json -c injection -c exfiltration "${files[@]}" >"$T/said" || true
	jq -c 'select(.verdict == "hit") | [.input, (.hits[] | .rule, .fragment)]' "$T/said" >&3
	# Hits for each megabyte of text.
	jq -se '([.[].hits | length] | add) * 1000000 / ([.[].bytes] | add) <= 4' "$T/said"
}
