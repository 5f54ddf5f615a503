# Replaced by count.sh.
[ "$(echo a b | ./tally)" = 2 ]
