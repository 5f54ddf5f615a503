#!/usr/bin/env bash
# snapshot, clone and restore of pods that hold 10, 10k and 100k files: the time must not grow with them.
# Then a squash of 10k files in many layers, beside rsync -a of the same.
. "$(dirname "$0")/lib.bash"

counts=${COUNTS:-10 10000 100000}

# each COMMAND...: as words of interleave, once a pod; $POD stands for its name.
each()
{
	local n word
	words=()
	for n in $counts; do
		words+=(-- "p$n")
		for word; do words+=("${word//POD/p$n}"); done
	done
}

for n in $counts; do
	mkdir -p "$T/work/p$n"
	envpod init "p$n" >/dev/null
	(cd "$T/work/p$n" && envpod run -w "p$n" -- sh -c "$(write_files "$n")")
done
sync
each envpod snapshot POD create -n first
interleave -1 -b snapshot_first "${words[@]}"
change='cd "$T/work/$NAME" && envpod run -w "$NAME" -- sh -c "date >>changed"'
each envpod snapshot POD create
interleave -b snapshot -n 7 -p "$change" "${words[@]}"
each envpod clone POD copy-POD
interleave -b clone -n 7 -p 'envpod destroy --force "copy-$NAME" >/dev/null 2>&1 || true' "${words[@]}"
each envpod snapshot -y POD restore first
interleave -b restore -n 7 -p "$change" "${words[@]}"

mkdir "$T/work/many"
cd "$T/work/many" || exit
envpod init many >/dev/null
for i in $(seq 24); do envpod run -w many -- sh -c "mkdir -p d$i; j=0; while [ \$j -lt 420 ]; do echo \$i \$j >d$i/\$j; j=\$((j + 1)); done"; done
copy=$(mktemp -d "$T/copy.XXXXXX")
interleave -1 -b squash_10k -- envpod sh -c 'i=0; while [ $i -lt 2 ]; do envpod run -w many -- sh -c "echo >>x"; i=$((i + 1)); done' \
	-- rsync sh -c 'for l in "$ENVPOD_STATE_DIR"/layers/*/tree/*many; do rsync -a "$l/" "$0/"; done' "$copy"
