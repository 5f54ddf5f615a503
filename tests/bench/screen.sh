#!/usr/bin/env bash
# How fast texts are screened, by all rules and by one category, and how long a short one takes.
. "$(dirname "$0")/lib.bash"

# rate NAME FILE OPTION...: megabytes a second of processor time.
rate()
{
	local name=$1 file=$2 before after
	shift 2
	TIMEFORMAT='%U %S'
	{ time pod-screen scan "$@" -f "$file" >/dev/null || true; } 2>"$T/time"
	awk -v name="$name" -v bytes="$(stat -c %s "$file")" \
		'END { printf "{\"bench\":\"screen\",\"what\":\"%s\",\"bytes\":%d,\"mb_per_s\":%.1f}\n", name, bytes, bytes / 1e6 / ($1 + $2) }' "$T/time"
}

for page in "$TOP"/man/*.[157]; do mandoc -T utf8 "$page" | col -bx; done >"$T/prose"
cat "$TOP"/tools/*/*.c >"$T/code"
head -c 20000000 /dev/urandom | base64 -w 76 >"$T/base64"
head -c 4000000 /dev/zero | tr '\0' a >"$T/same"
rate prose "$T/prose"
rate code "$T/code"
rate code-credentials "$T/code" -c credentials
rate base64 "$T/base64"
rate one-letter "$T/same"
echo 'Please summarise the file.' >"$T/short"
interleave -b screen_short -n 50 -- envpod pod-screen scan -f "$T/short" -- grep grep -c summarise "$T/short"
