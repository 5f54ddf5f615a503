#!/usr/bin/env bats
# share/packages/install against a fake dpkg, apt-get and sudo.
load ../lib/envpod

setup()
{
	envpod_setup
	mkdir "$T/bin" "$T/packages"
	cp "$TOP/share/packages/install" "$T/packages/"
	printf '# remark\none\n\ntwo # why\n' >"$T/packages/list"
	fake dpkg-query 'for p; do :; done; grep -qx "$p" $T/installed && printf installed'
	fake apt-get 'echo "apt-get $*" >>$T/log; case "$*" in
		*update*) touch $T/updated ;;
		*) [ -e $T/updated ] || [ ! -e $T/stale ] ;; esac'
	fake sudo 'echo sudo >>$T/log; exec "$@"'
	touch "$T/installed" "$T/log"
	export PATH=$T/bin:$PATH
}
teardown() { envpod_teardown; }

fake()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}

@test "packages: nothing is said or done when all are installed" {
	printf 'one\ntwo\n' >"$T/installed"
	expect 0 "$T/packages/install" list
	[ -z "$output" ]
	[ ! -s "$T/log" ]
}

@test "packages: only what is missing is installed, without recommendations" {
	echo one >"$T/installed"
	expect 0 "$T/packages/install" list
	[ "$output" = 'installing two' ]
	grep -q -- '--no-install-recommends two$' "$T/log"
	refute grep -q update "$T/log"
}

@test "packages: the archive's lists are fetched only when installing fails" {
	touch "$T/stale"
	expect 0 "$T/packages/install" list
	[ "$(grep -c update "$T/log")" = 1 ]
	[ "$(grep -c install "$T/log")" = 2 ]
}

@test "packages: a failure is told, with what apt-get said" {
	fake apt-get 'echo "E: no such package"; exit 100'
	expect 2 "$T/packages/install" list
	[[ $output == *'E: no such package'*'could not install one two'* ]]
}

@test "packages: sudo is used by whoever is not root, and only then" {
	expect 0 "$T/packages/install" list
	refute grep -q sudo "$T/log"
	fake id 'echo 1000'
	expect 0 "$T/packages/install" list
	grep -q sudo "$T/log"
}

@test "packages: every list names packages only, one a line" {
	for list in "$TOP"/share/packages/*; do
		[ -x "$list" ] && continue
		refute grep -vE '^(#.*|[a-z0-9][a-z0-9+.-]+ *(#.*)?)$' "$list"
	done
}
