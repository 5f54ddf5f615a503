#!/usr/bin/env bash
# 50 clones of a base that holds 10k files, in turn, beside 50 times crun run: the clone alone (what
# is there then can be run, looked at and committed), and clone, run and destroy.
# podman is no peer here: it needs an image, and a registry or an archive to have one from.
. "$(dirname "$0")/lib.bash"

mkdir -p "$T/work"
cd "$T/work" || exit
envpod init src >/dev/null
envpod run -w src -- sh -c "$(write_files 10000)"
envpod base create src ground >/dev/null

cat >"$T/clone" <<'EOF2'
#!/bin/sh
# "$1" clones, each of them run and destroyed when "$2" is yes.
set -e
i=0
while [ $i -lt "$1" ]; do
	envpod clone ground "c$i" >/dev/null
	[ "$2" != yes ] || { envpod run "c$i" /bin/true; envpod destroy "c$i" >/dev/null; }
	i=$((i + 1))
done
EOF2
cat >"$T/fifty" <<'EOF2'
#!/bin/sh
i=0
while [ $i -lt 50 ]; do "$@" >/dev/null || exit 1; i=$((i + 1)); done
EOF2
chmod +x "$T/clone" "$T/fifty"

rounds=${ROUNDS:-5}
gone='i=0; while [ $i -lt 50 ]; do envpod destroy --force c$i >/dev/null 2>&1 || break; i=$((i + 1)); done'
has crun && crun_bundle
if has crun; then
	interleave_crun -b clones_50 -n "$rounds" -p "$gone" -- envpod "$T/clone" 50 no -- crun "$T/fifty" "${CRUN[@]}" bench
	interleave_crun -b clone_runs_50 -n "$rounds" -p "$gone" -- envpod "$T/clone" 50 yes -- crun "$T/fifty" "${CRUN[@]}" bench
else
	interleave -b clones_50 -n "$rounds" -p "$gone" -- envpod "$T/clone" 50 no
	interleave -b clone_runs_50 -n "$rounds" -p "$gone" -- envpod "$T/clone" 50 yes
fi
