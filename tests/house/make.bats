#!/usr/bin/env bats
# What the Makefile promises beyond building.
load ../lib/envpod

setup()
{
	envpod_setup
	unset MAKEFLAGS MAKELEVEL SAN COV CFLAGS
	cd "$TOP"
}
teardown() { envpod_teardown; }

@test "make: an object is made once, and again for other flags or a newer header" {
	local object=$T/b/libcommon/err.o
	expect 0 make V=1 B="$T/b" "$object"
	[[ $output == *'-o '"$object"* ]]
	expect 0 make V=1 B="$T/b" "$object"
	[[ $output != *'-o '"$object"* ]]
	expect 0 make -n V=1 B="$T/b" -W libcommon/err.h "$object"
	[[ $output == *'-o '"$object"* ]]
	expect 0 make V=1 B="$T/b" PREFIX=/opt "$object"
	[[ $output == *'/opt/share/envpod'* ]]
}

@test "make: a missing library names the program that needs it and the package" {
	expect 2 make B="$T/b" 'NEED_-lyaml=no-such-header.h:libyaml-dev' "$T/b/bin/pod-config"
	[[ $output == *'pod-config needs no-such-header.h and -lyaml: install libyaml-dev'* ]]
}

@test "make -k: the programs that do not need it are built all the same" {
	expect 2 make -k -j2 B="$T/b" 'NEED_-lyaml=no-such-header.h:libyaml-dev' \
		"$T/b/bin/pod-config" "$T/b/bin/pod-audit"
	[ ! -e "$T/b/bin/pod-config" ]
	[ -x "$T/b/bin/pod-audit" ]
}

@test "make: programs of the warm path are static, those that parse JSON are not" {
	for tool in envpod pod-mount pod-exec pod-limit pod-supervise; do
		refute grep -q INTERP <(readelf -lW "$B/bin/$tool")
	done
	for tool in pod-config pod-audit; do
		grep -q INTERP <(readelf -lW "$B/bin/$tool")
	done
}

@test "make install: what is installed works from there, uninstall takes exactly that away" {
	mkdir -p "$T/root/usr/local/bin"
	echo mine >"$T/root/usr/local/bin/mine"
	expect 0 make -o all B="$B" DESTDIR="$T/root" install
	[ -z "$output" ]
	local root=$T/root/usr/local
	[ "$(env -i "$root/bin/envpod" --version)" = "envpod $(cat VERSION)" ]
	[ -x "$root/bin/pod-mount" ]
	[ -s "$root/share/man/man1/envpod.1" ]
	[ -s "$root/share/man/man5/pod.yaml.5" ]
	[ -s "$root/share/bash-completion/completions/envpod" ]
	[ -s "$root/include/envpod/exit.h" ]
	[ -z "$(find "$root" -perm /022 ! -type l)" ]
	cmp <(env -i "$root/bin/envpod" completions bash) "$root/share/bash-completion/completions/envpod"
	[ ! -e "$root/share/envpod/demo" ] && [ ! -e "$root/share/envpod/packages" ]
	expect 0 make -o all B="$B" DESTDIR="$T/root" uninstall
	[ "$(cd "$T/root" && find . -type f)" = ./usr/local/bin/mine ]
	[ ! -e "$root/share/envpod" ]
	[ ! -e "$root/include/envpod" ]
}

@test "make install PREFIX=: everything lies below it" {
	expect 0 make -o all B="$B" DESTDIR="$T/root" PREFIX=/opt/envpod install
	[ -z "$(find "$T/root" -type f ! -path "$T/root/opt/envpod/*")" ]
	[ -x "$T/root/opt/envpod/bin/envpod" ]
}

@test "make: targets are listed" {
	expect 0 make help
	for target in all bench check check-unit check-long check-vm clean deb demo deps format fuzz install lint uninstall; do
		[[ " $output " == *" $target "* ]]
	done
}
