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
if has crun; then
	mkdir -p "$T/bundle"
	(cd "$T/bundle" && crun spec)
	jq '.process.terminal=false | .process.args=["/bin/true"] | .root={path:"/",readonly:true}' \
		"$T/bundle/config.json" >"$T/config" && mv "$T/config" "$T/bundle/config.json"
	if crun --root "$T/crun" run -b "$T/bundle" probe >/dev/null 2>&1; then
		peers+=(-- crun crun --root "$T/crun" run -b "$T/bundle" bench)
		fifty+=(-- crun "$T/fifty" crun --root "$T/crun" run -b "$T/bundle" bench)
	fi
fi
has bwrap && peers+=(-- bwrap bwrap --ro-bind / / --unshare-all /bin/true)
has bwrap && fifty+=(-- bwrap "$T/fifty" bwrap --ro-bind / / --unshare-all /bin/true)
interleave -b fresh_pod -n 21 -- envpod "$T/fresh" "${peers[@]}"
interleave -b fifty_pods -n 3 -- envpod "$T/fifty" "$T/fresh" "${fifty[@]}"
