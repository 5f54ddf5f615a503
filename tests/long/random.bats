load ../lib/envpod
# LONG_S seconds of random operations, of each shape; SEED=N begins with that seed.
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

seed() { echo "${SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"; }
random() { "$TOP/tests/pod-mount/random" "$(seed)" "$((${LONG_S:-600} / 7))"; }

@test "many small trees, a few runs" { TREES=40 random; }
@test "a few trees, many runs" { TREES=6 RUNS=9 COUNT=40 random; }
@test "on xfs" { FS=xfs random; }
@test "on btrfs" { FS=btrfs random; }
@test "one tree that is worked on long" { TREES=1 RUNS=5 COUNT=600 random; }
@test "a human works there, too" { HUMAN=1 TREES=3 RUNS=5 random; }
@test "a human works there, too, on xfs" { HUMAN=1 FS=xfs TREES=2 RUNS=8 random; }
