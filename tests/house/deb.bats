#!/usr/bin/env bats
# The Debian package: installed into a root of its own, used from there, removed.
load ../lib/envpod

# All of it is built once more.
setup_file() { export BATS_TEST_TIMEOUT=900; }
setup()
{
	envpod_setup
	unset MAKEFLAGS MAKELEVEL SAN COV CFLAGS
	cd "$TOP"
}
teardown() { envpod_teardown; }

@test "make deb: a package that installs, works and goes" {
	need root
	expect 0 make B="$B" deb
	local deb=$TOP/${lines[-1]}
	[ -s "$deb" ]

	run dpkg-deb -f "$deb" Depends
	[[ $output == *'libjq1 (>= '*'libyaml-0-2 (>= '* ]]
	[[ $output == *'libc6 (>= '* ]]
	[ "$(dpkg-deb -f "$deb" Version)" = "$(cat VERSION)" ]

	run dpkg-deb -c "$deb"
	[[ $output == *./usr/bin/envpod* ]]
	[[ $output == *./usr/share/man/man1/envpod.1.gz* ]]
	[[ $output == *./usr/share/zsh/vendor-completions/_envpod* ]]
	[[ $output == *./usr/share/doc/envpod/copyright* ]]
	refute grep -v ' root/root ' <<<"$output"
	refute grep -E 'local/|\.1$' <<<"$output"

	mkdir -p "$T/root/var/lib/dpkg"
	touch "$T/root/var/lib/dpkg/status"
	expect 0 dpkg --root="$T/root" --force-depends --force-script-chrootless -i "$deb"
	[ "$(env -i "$T/root/usr/bin/envpod" --version)" = "envpod $(cat VERSION)" ]
	[[ $(env -i "$T/root/usr/bin/envpod" completions fish) == *'complete -c envpod'* ]]
	expect 0 dpkg --root="$T/root" -P envpod
	[ -z "$(find "$T/root/usr" -type f 2>/dev/null)" ]
}
