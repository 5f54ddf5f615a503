set -e
[ "$(echo one two three | ./tally)" = 3 ]
[ "$(printf '' | ./tally)" = 0 ]
echo "all tests pass"
