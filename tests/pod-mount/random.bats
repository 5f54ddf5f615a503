load ../lib/envpod
# Random operations in a pod against the same ones on a plain copy (./random says what must hold), and with a
# human's between them (./human.py).
# SEED=N: those of that seed; it is said when something fails.
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_loop() { [ -e /dev/loop-control ]; }

# The same each time here, so that a failure is the change's; make check-long draws new ones.
seed() { echo "${SEED:-20261122}"; }

# And as many on any machine; LONG_S: as many as can be done in so many seconds.
random() # CASES
{
	[ -n "${LONG_S:-}" ] || local -x CASES=$1
	"$TOP/tests/pod-mount/random" "$(seed)" "${LONG_S:-100}"
}

@test "many small trees, a few runs" { TREES=24 random 3; }
@test "a few trees, many runs" { TREES=6 RUNS=6 COUNT=40 random 3; }
@test "a human works there, too" { HUMAN=1 TREES=3 RUNS=4 random 10; }
