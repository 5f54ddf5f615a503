#!/usr/bin/env bash
# A warm run of /bin/true with all walls up, beside bwrap, unshare and crun; with and without pauses,
# because some costs (cgroup.procs on v1) only show after one.
. "$(dirname "$0")/lib.bash"

envpod init bench >/dev/null
envpod run bench -- /bin/true

peers=()
has bwrap && peers+=(-- bwrap bwrap --ro-bind / / --unshare-all /bin/true)
has bwrap && peers+=(-- bwrap-proc-dev bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all /bin/true)
has unshare && peers+=(-- unshare unshare -Urmpfn --mount-proc /bin/true)
interleave -b warm_run -n "${ROUNDS:-101}" -- envpod envpod run bench /bin/true "${peers[@]}"
interleave -b warm_run_gap60 -n 21 -g 60 -- envpod envpod run bench /bin/true "${peers[@]}"
has crun && crun_bundle
has crun && interleave_crun -b warm_run_crun -n 31 -- envpod envpod run bench /bin/true -- crun "${CRUN[@]}" bench
