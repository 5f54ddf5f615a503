load ../lib/envpod
# Random operations in a pod against the same ones on a plain copy (./random says what must hold).
# SEED=N: those of that seed; it is said when something fails.
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_loop() { [ -e /dev/loop-control ]; }

seed() { echo "${SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"; }

@test "many small trees, a few runs" { TREES=24 "$TOP/tests/pod-mount/random" "$(seed)" "${LONG_S:-14}"; }
@test "a few trees, many runs" { TREES=6 RUNS=6 COUNT=40 "$TOP/tests/pod-mount/random" "$(seed)" "${LONG_S:-10}"; }
