#!/usr/bin/env bash
# diff and commit of 10k and 100k changed files, beside find, cp -a and rsync -a over the same upper,
# each on a fresh directory tree (ext4 creates slowly where many files were just deleted).
. "$(dirname "$0")/lib.bash"

# 100 files a directory, 100 bytes each, made by the agent.
write_files='i=0; while [ $i -lt '"\$1"' ]; do d=new/$((i / 100)); mkdir -p $d; j=0;
	while [ $j -lt 100 ]; do echo "file $i $j: some text that an agent wrote, of a hundred bytes or so, to be looked at" >$d/$j; j=$((j + 1)); done; i=$((i + 100)); done'

for count in ${COUNTS:-10000 100000}; do
	work=$T/work-$count pod=change$count
	mkdir "$work"
	envpod init "$pod" >/dev/null
	(cd "$work" && envpod run -w "$pod" -- sh -c "$write_files" sh "$count")
	upper=$(find "$ENVPOD_STATE_DIR" -type d -path '*/new' -prune | head -n 1)
	rounds=$((count > 50000 ? 3 : 5))
	cd "$work" || exit
	interleave -b "diff_$count" -n $rounds -- envpod envpod diff -z "$pod" \
		-- find find "$upper" -printf '%p %s %m %U %G\n'
	copies='rm -rf "$T/to-$NAME"; sync'
	interleave -b "commit_$count" -n 1 -p "$copies" \
		-- envpod sh -c "envpod commit --output '$T/to-envpod' $pod && sync" \
		-- cp sh -c "cp -a '$upper' '$T/to-cp' && sync" \
		-- rsync sh -c "rsync -a '$upper/' '$T/to-rsync/' && sync"
	start=$(date +%s%N)
	envpod commit "$pod" >/dev/null && sync
	end=$(date +%s%N)
	start2=$end
	cp -a "$work/new" "$T/copy-$count" && sync
	end2=$(date +%s%N)
	jq -nc --arg b "commit_host_$count" --argjson a $(((end - start) / 1000)) --argjson c $(((end2 - start2) / 1000)) \
		'{bench:$b,name:"envpod",rounds:1,median_ms:($a/1000),ratio:1},{bench:$b,name:"cp -a + sync",rounds:1,median_ms:($c/1000),ratio:($a/$c)}'
	cd "$T" || exit
	envpod destroy --force "$pod" >/dev/null
	rm -rf "$work" "$T"/to-* "$T"/copy-*
done
