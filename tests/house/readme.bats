#!/usr/bin/env bats
# What the README shows is what happens.
load ../lib/envpod

setup() { envpod_setup; need root overlay userns; }
teardown()
{
	[ ! -d "$ENVPOD_RUN_DIR/desk" ] || envpod destroy --force desk >/dev/null 2>&1 || true
	envpod_teardown
}

# The README's transcript that begins so, without its first command.
transcript()
{
	awk -v first="    \$ ${1:-cd }" 'index($0, first) == 1 { on = 1; next } on && /^$/ { exit } on' "$TOP/README.md" | sed 's/^    //'
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

# Names, ports, links and sizes of pictures differ.
any_desktop()
{
	sed -E 's,^http://[0-9a-z]+\.localhost:[0-9]+/login/[A-Za-z0-9_-]{22\,}$,LINK,; s/"bytes":[0-9]+/"bytes":N/'
}

@test "the README's desktop, command by command" {
	need Xvfb openbox tint2 xterm dbus-daemon pipewire wireplumber
	cd "$T"
	transcript 'cat desk.yaml' | sed '/^\$/,$d' >desk.yaml
	transcript 'cat desk.yaml' | sed -n '/^\$/,$p' >want
	[ "$(grep -c '^\$ ' want)" = 4 ]
	grep '^\$ ' want | sed 's/^\$ //' | while read -r line; do
		echo "\$ $line"
		bash -c "${line#sudo }" 2>err || cat err
	done | any_desktop >got
	diff <(any_desktop <want) got
}

@test "the README's pictures are there, and small" {
	local file
	for file in $(grep -oE '\]\([^)]*\.png\)' "$TOP"/README.md | tr -d '()]'); do
		[ "$(stat -c %s "$TOP/$file")" -lt 200000 ]
		[ "$(head -c 4 "$TOP/$file" | tail -c 3)" = PNG ]
	done
}
