#!/usr/bin/env bats
# What the pages take from elsewhere: fetched by hash, copied into the build folder, never needed to build the rest.
load ../lib/envpod

setup()
{
	envpod_setup
	unset MAKEFLAGS MAKELEVEL SAN COV CFLAGS
	cd "$TOP"
}
teardown() { envpod_teardown; }

# A PATH with everything but npm.
without_npm()
{
	mkdir "$T/bin"
	find /usr/local/bin /usr/bin /bin/ -maxdepth 1 ! -type d ! -name npm ! -name npx -exec ln -sft "$T/bin" {} +
}

@test "web: every locked package has its version and its hash, and no machine's address" {
	local lock
	for lock in share/web/package-lock.json tests/browser/package-lock.json; do
		[ -e "$lock" ] || continue
		jq -e '[.packages | to_entries[] | select(.key != "")] | length > 0 and
			all(.[].value; (.version | test("^[0-9]+\\.[0-9]+\\.[0-9]+$")) and
				(.integrity | startswith("sha512-")) and (has("resolved") | not) and (has("hasInstallScript") | not))' "$lock"
		# The versions asked for are exact.
		jq -e '.packages[""] | (.dependencies // {}) + (.devDependencies // {}) |
			length > 0 and all(test("^[0-9]+\\.[0-9]+\\.[0-9]+$"))' "$lock"
		jq -e --slurpfile p "${lock%-lock.json}.json" '.packages[""].dependencies == $p[0].dependencies' "$lock"
	done
}

@test "web: without npm make says what lacks, and goes on" {
	without_npm
	PATH=$T/bin expect 0 make B="$T/b" "$T/b/fetched"
	[[ $output == 'the pages need npm (or run make deps)'* ]]
	[ ! -e "$T/b/fetched" ]
}

@test "web: packages that cannot be fetched are said, and nothing half is left" {
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "npm error network down" >&2; exit 1\n' >"$T/bin/npm"
	chmod +x "$T/bin/npm"
	PATH=$T/bin:$PATH expect 0 make B="$T/b" "$T/b/fetched"
	[[ $output == *'npm error network down'*'the pages need packages that npm could not fetch'* ]]
	[ -z "$(find "$T/b/share" -type f)" ]
}

@test "web: what is fetched is what the pages import, with licences and without programs" {
	need npm
	local to=$B/share/envpod file
	[ -e "$B/fetched" ]
	for file in display/vendor/novnc/{LICENSE.txt,AUTHORS,docs/LICENSE.MPL-2.0,vendor/pako/LICENSE} dashboard/vendor/uplot/LICENSE; do
		[ -s "$to/$file" ]
	done
	[ -z "$(find "$to/display" "$to/dashboard" -type f -perm /111)" ]
	[ -z "$(find "$to/display" "$to/dashboard" -type f ! -name '*.js' ! -name '*.css' ! -name '*.html' ! -name '*.svg' ! -name 'LICENSE*' ! -name AUTHORS)" ]
	# Each module that a module names is there.
	find "$to/display" -name '*.js' | while read -r file; do
		sed -nE "s/.*(from|import) ['\"](\.{1,2}\/[^'\"]+)['\"].*/\2/p" "$file" | while read -r name; do
			[ -e "$(dirname "$file")/$name" ] || { echo "$file imports $name"; exit 1; }
		done
	done
}

@test "web: make install brings them, and not the lists they are fetched by" {
	[ -e "$B/fetched" ] || need npm
	expect 0 make -s -o all B="$B" DESTDIR="$T/root" install
	[ -s "$T/root/usr/local/share/envpod/display/vendor/novnc/core/rfb.js" ]
	[ -s "$T/root/usr/local/share/envpod/dashboard/vendor/uplot/LICENSE" ]
	[ ! -e "$T/root/usr/local/share/envpod/web" ]
}

@test "web: our pages make no HTML of text, hold no script or style in line, and name no other place" {
	local ours
	ours=$(find share/display -type f)
	refute grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|setAttribute\(.style' $ours
	refute grep -nE '<[^>]* (on[a-z]+|style)=|<style|<script>|javascript:' $ours
	refute grep -nE '(https?|wss?):' <(grep -hv 'xmlns="http://www.w3.org/2000/svg"' $ours)
	for file in $ours; do
		[[ $file == *.svg ]] || head -3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'
	done
}

@test "web: our scripts are scripts" {
	need node
	local file
	for file in share/display/*.js tests/browser/*.mjs; do
		cp "$file" "$T/module.mjs"
		node --check "$T/module.mjs"
	done
}
