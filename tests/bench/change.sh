#!/usr/bin/env bash
# diff, commit and undo of 10k and 100k changed files, beside find, cp -a, rsync -a and git status over the
# same, each on a fresh directory tree (ext4 creates slowly where many files were just deleted).
. "$(dirname "$0")/lib.bash"

# Files that the agent made.
made()
{
	local count=$1 rounds=$2 pod=made$1 work=$T/work-$1 upper
	mkdir "$work"
	cd "$work" || exit
	envpod init "$pod" >/dev/null
	envpod run -w "$pod" -- sh -c "$(write_files "$count")"
	upper=$(find "$ENVPOD_STATE_DIR/pods/$pod/upper" -type d -name new -prune | head -n 1)
	interleave -b "diff_$count" -n "$rounds" -- envpod envpod diff -z "$pod" \
		-- find find "$upper" -printf '%p %s %m %U %G\n'
	interleave -b "commit_$count" -n 1 -p 'rm -rf "$T/to-$NAME"; sync' \
		-- envpod sh -c "envpod commit --output '$T/to-envpod' $pod && sync" \
		-- cp sh -c "cp -a '$upper' '$T/to-cp' && sync" \
		-- rsync sh -c "rsync -a '$upper/' '$T/to-rsync/' && sync"
	sync
	interleave -1 -b "commit_host_$count" -- envpod sh -c "envpod commit $pod && sync" \
		-- 'cp -a' sh -c "cp -a '$T/to-cp' '$T/copy-$count' && sync"
	interleave -1 -b "undo_$count" -- envpod sh -c "envpod undo $pod \$(envpod undo --json $pod | jq -sr 'last.id') && sync" \
		-- 'cp -a, rm -r' sh -c "cp -a '$T/copy-$count' '$T/to-back' && rm -r '$T/copy-$count' && sync"
	cd "$T" || exit
	envpod destroy --force "$pod" >/dev/null
	rm -rf "$work" "$T"/to-*
}

# Files of the host that the agent wrote anew, every tenth with other text of the same length: only
# their contents tell.  git compares the same two trees, without the help of its index's times.
compared()
{
	local count=$1 rounds=$2 pod=same$1 work=$T/same-$1
	mkdir "$work"
	cd "$work" || exit
	sh -c "$(write_files "$count")"
	has git && (git init -q . && git add . && git -c user.name=b -c user.email=b@b commit -qm all)
	envpod init "$pod" >/dev/null
	envpod run -w "$pod" -- sh -c 'for f in new/*/*; do cp "$f" f; case $f in *0) tr e i <f >g; mv g f ;; esac; mv f "$f"; done'
	cp -a "$work" "$T/after"
	(cd "$T/after" && cp -a "$ENVPOD_STATE_DIR/pods/$pod/upper"/*same-*/. . && chown -R 0:0 .)
	interleave -b "diff_contents_$count" -n "$rounds" -- envpod envpod diff -z "$pod" \
		-- rsync rsync -rcn --out-format=%n "$T/after/new/" "$work/new/" \
		-- diff sh -c "diff -rq '$T/after/new' '$work/new' || [ \$? = 1 ]" \
		-- git git --no-optional-locks -C "$T/after" status --porcelain
	cd "$T" || exit
	envpod destroy --force "$pod" >/dev/null
	rm -rf "$work" "$T/after"
}

for count in ${COUNTS:-10000 100000}; do
	rounds=$((count > 50000 ? 3 : 5))
	made "$count" $rounds
	compared "$count" $rounds
done
