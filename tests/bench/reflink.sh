#!/usr/bin/env bash
# commit of 10k files and of one of 256 MiB on loop filesystems, beside cp -a with and without reflinks and rsync -a.
. "$(dirname "$0")/lib.bash"

commit_on()
{
	local name=$1 upper
	mkdir "$FS/work"
	cd "$FS/work" || exit
	envpod init "$name" >/dev/null
	envpod run -w "$name" -- sh -c "$(write_files "${COUNT:-10000}"); head -c 268435456 /dev/urandom >big"
	upper=$(dirname "$(find "$FS/state" -type d -path '*/new' -prune | head -n 1)")
	sync
	interleave -1 -b "commit_$name" \
		-- 'cp --reflink' sh -c "cp -a --reflink=auto '$upper' '$FS/reflinked' && sync" \
		-- 'cp -a' sh -c "cp -a --reflink=never '$upper' '$FS/copied' && sync" \
		-- 'rsync -a' sh -c "rsync -a '$upper/' '$FS/synced/' && sync" \
		-- envpod sh -c "envpod commit $name && sync" |
		jq -sc '(map(select(.name == "envpod"))[0].median_ms) as $ours | map(.ratio = ($ours / .median_ms * 1000 | round / 1000)) | sort_by(.name != "envpod")[]'
	cd "$T" || exit
	envpod destroy --force "$name" >/dev/null
}

for fs in ${FILESYSTEMS:-ext4 xfs btrfs}; do
	on_loop "$fs" commit_on "$fs"
done
