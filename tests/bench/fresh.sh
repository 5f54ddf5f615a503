#!/usr/bin/env bash
# A fresh pod: init + run + destroy, beside one crun run (create, start, delete), and 50 in turn.
. "$(dirname "$0")/lib.bash"

cat >"$T/fresh" <<'EOF'
#!/bin/sh
set -e
envpod init fresh >/dev/null
envpod run fresh /bin/true
envpod destroy fresh
EOF
cat >"$T/fifty" <<'EOF'
#!/bin/sh
i=0
while [ $i -lt 50 ]; do "$@" >/dev/null || exit 1; i=$((i + 1)); done
EOF
chmod +x "$T/fresh" "$T/fifty"
peers=() fifty=()
has bwrap && peers+=(-- bwrap bwrap --ro-bind / / --unshare-all /bin/true)
has bwrap && fifty+=(-- bwrap "$T/fifty" bwrap --ro-bind / / --unshare-all /bin/true)
interleave -b fresh_pod -n 21 -- envpod "$T/fresh" "${peers[@]}"
interleave -b fifty_pods -n 3 -- envpod "$T/fifty" "$T/fresh" "${fifty[@]}"
has crun && crun_bundle
has crun && interleave_crun -b fresh_pod_crun -n 21 -- envpod "$T/fresh" -- crun "${CRUN[@]}" bench
has crun && interleave_crun -b fifty_pods_crun -n 3 -- envpod "$T/fifty" "$T/fresh" \
	-- crun "$T/fifty" "${CRUN[@]}" bench
