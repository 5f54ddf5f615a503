#!/usr/bin/env bash
# What it costs to have every command of a pod recorded: the same work in three pods, one that is
# traced, one where the daemon rests, one that nothing governs, interleaved.  1000 short processes,
# make -j of a real package's sources, and a warm run of nothing.
. "$(dirname "$0")/lib.bash"

rounds=${ROUNDS:-10}

# A package: the sources of pod-config's neighbours, as many small compilations as it has files.
cp -R "$TOP/libcommon" "$TOP/include" "$T/"
cat >"$T/Makefile" <<-'END'
	SRC := $(wildcard libcommon/*.c)
	all: $(SRC:.c=.o)
	%.o: %.c; @cc -O1 -I. -Iinclude -D_GNU_SOURCE -DENVPOD_VERSION='"x"' -DENVPOD_LIBDIR='"x"' -DENVPOD_DATADIR='"x"' -c -o /tmp/$(notdir $@) $<
	.PHONY: all
END
for how in yes no; do
	printf 'filesystem: {mount_cwd: yes}\naudit: {system_trace: %s}\nqueue: {socket: yes}\n' "$how" >"$T/$how.yaml"
	(cd "$T" && envpod init -c "$how.yaml" "trace-$how" >/dev/null)
	envpod run "trace-$how" -- true
done
echo 'filesystem: {mount_cwd: yes}' >"$T/plain.yaml"
(cd "$T" && envpod init -c plain.yaml plain >/dev/null)

short='i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i + 1)); done'
cd "$T"
for name in short make true; do
	case $name in
	short) words=(sh -c "$short") ;;
	make) words=(make -s "-j$(nproc)" all) ;;
	true) words=(true) ;;
	esac
	n=$rounds
	[ $name != true ] || n=$((rounds * 20))
	# All of it in less than four minutes.
	case $name in short) BENCH_S=55 ;; make) BENCH_S=70 ;; true) BENCH_S=30 ;; esac
	interleave -b "trace_$name" -n "$n" \
		-- traced envpod run trace-yes "${words[@]}" \
		-- governed envpod run trace-no "${words[@]}" \
		-- plain envpod run plain "${words[@]}"
done
# The daemon's own share, of all it saw.
service=$(jq -r '.services[] | select(.name == "trace").pid' "$ENVPOD_RUN_DIR/trace-yes/govern/services.json")
listener=$(pgrep -P "$service")
jq -cn --argjson us "$(awk '{ printf "%d", $1 / 1000 }' "/proc/$listener/schedstat")" \
	--argjson kb "$(awk '/^Pss:/ { n += $2 } END { print n }' "/proc/$listener/smaps_rollup")" \
	--argjson events "$(cat "$ENVPOD_STATE_DIR"/pods/trace-yes/audit/*.jsonl | jq -c 'select(.src == "trace")' | wc -l)" \
	'{bench: "trace_listener", events: $events, us_an_event: ($us / $events * 10 | round / 10), memory_kb: $kb}'
