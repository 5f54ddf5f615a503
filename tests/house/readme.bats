#!/usr/bin/env bats
# What the README shows is what happens.
load ../lib/envpod

setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

# The README's first transcript.
transcript()
{
	awk '/^    \$ cd / { on = 1; next } on && /^$/ { exit } on' "$TOP/README.md" | sed 's/^    //'
}

# Homes differ, and so does whether there was a ~/.gitconfig before.
alike()
{
	sed "s,^[AM]  .*/\.gitconfig,?  ~/.gitconfig,; s,/home/alice/,$HOME/,"
}

@test "the README's transcript, command by command" {
	cp -R "$TOP/share/demo/project" "$T/tally"
	cp "$TOP/share/demo/agent" "$T/tally/agent"
	cd "$T/tally"
	git init -q .
	git add .
	git -c user.name=me -c user.email=me@localhost commit -q -m one
	transcript >"$T/want"
	[ "$(grep -c '^\$ ' "$T/want")" = 6 ]
	grep '^\$ ' "$T/want" | sed 's/^\$ //' | while read -r line; do
		echo "\$ $line"
		line=${line#sudo }
		bash -c "${line/ agent / ./agent }" 2>&1
	done | alike >"$T/got"
	diff <(alike <"$T/want") "$T/got"
}
