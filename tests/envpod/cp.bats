#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# envpod cp: into a pod and out of it, running or stopped.  Attacks on the archive: tests/pod-upload/unpack.bats.

load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns
	cd "$T" || return
	mkdir src out
	echo one >src/one
	mkdir src/d
	echo two >src/d/two
}
teardown() { envpod_teardown; }

make()
{
	printf '%s\n' 'network: {mode: None}' "$@" >pod.yaml
	envpod init -c pod.yaml web >/dev/null
}
cat_in() { envpod run web -- cat "$@"; }

@test "into a stopped pod and out of it: a tree, a file, changes are the pod's" {
	make
	envpod cp src web:/opt
	[ "$(cat_in /opt/src/one /opt/src/d/two)" = $'one\ntwo' ]
	refute test -e /opt/src
	envpod cp src/one web:/opt/named
	[ "$(cat_in /opt/named)" = one ]
	envpod diff --all --json web | jq -se 'map(.path) | index("/opt/src/d/two") and index("/opt/named")'
	envpod cp web:/opt/src out
	diff -r src out/src
	envpod cp web:/opt/named out/file
	[ "$(cat out/file)" = one ]
}

@test "the same while it runs, in the very view that runs" {
	make
	envpod run -b web -- sh -c 'echo live >/tmp/here; sleep 1000' 2>/dev/null
	wait_for 10 sh -c "envpod run web -- test -s /tmp/here"
	envpod cp web:/tmp/here out/
	[ "$(cat out/here)" = live ]
	envpod cp src/one web:/tmp/
	[ "$(cat_in /tmp/one)" = one ]
	envpod kill web
}

@test "contents, several sources, links followed" {
	make
	envpod cp src/. web:/opt/new
	[ "$(cat_in /opt/new/one)" = one ]
	envpod cp src/one src/d web:/opt/new
	[ "$(cat_in /opt/new/d/two)" = two ]
	envpod run web -- ln -s one /opt/new/link
	envpod cp -L web:/opt/new/link out/followed
	[ "$(cat out/followed)" = one ]
	expect 3 envpod cp web:/opt/new/link out/
	[[ $output = *"--force"* ]]
	expect 2 envpod cp src/one src/d web:/opt/nowhere
}

@test "- is an archive on standard input or output" {
	make
	tar -cf - src | envpod cp - web:/opt
	[ "$(cat_in /opt/src/d/two)" = two ]
	envpod cp web:/opt/src - | tar -C out -xf -
	diff -r src out/src
}

@test "it is the person's who asked, and nobody needs the pod's tools for it" {
	need setpriv
	export SUDO_UID=1000 SUDO_GID=1000
	make
	chown -R 1000:1000 out src
	envpod cp src web:/tmp/
	envpod run web -- sh -c 'stat -c %u /tmp/src/one; echo out >/tmp/f; chmod 4777 /tmp/f'
	envpod cp web:/tmp/f out/f || true
	[ ! -e out/f ] || [ "$(stat -c %u:%a out/f)" = 1000:755 ]
	envpod cp --user root src web:/opt/
	[ "$(envpod run web -- stat -c %u /opt/src/one)" = 0 ]
	envpod cp web:/opt/src out/
	[ "$(stat -c %u out/src/d/two)" = 1000 ]
	# With his rights and no more.
	mkdir -m 700 closed
	echo root >closed/secret
	expect 2 envpod cp closed/secret web:/opt/
	expect 2 envpod cp web:/opt/src closed/
	[ "$(ls closed)" = secret ]
}

@test "attack: what is masked can neither be read nor written" {
	make
	cat /etc/shadow >before
	refute envpod cp --user root web:/etc/shadow out/
	refute grep -qs '^root:' out/shadow
	envpod cp --user root src/one web:/etc/shadow || true
	envpod cp --user root web:/etc out/ 2>said || true
	[ -e out/etc/passwd ]
	refute grep -qs '^root:.*:.*:.*:.*:.*:' out/etc/shadow
	cmp before /etc/shadow
}

@test "attack: a hook that came along with a tree stays in the pod, until it is named" {
	make
	envpod run --root web -- sh -c 'mkdir -p /opt/repo/.git/hooks; echo evil >/opt/repo/.git/hooks/pre-push; echo fine >/opt/repo/a'
	expect 3 envpod cp web:/opt/repo out/
	[ "$(find out -type f)" = out/repo/a ]
	envpod cp web:/opt/repo/.git/hooks/pre-push out/repo/
	[ "$(cat out/repo/pre-push)" = evil ]
	envpod cp --force web:/opt/repo out/
	[ -e out/repo/.git/hooks/pre-push ]
}

@test "attack: a terabyte of holes is a terabyte of holes here" {
	make
	envpod run --root web -- truncate -s 1T /opt/big
	envpod cp --user root web:/opt/big out/
	[ "$(stat -c %s out/big)" = 1099511627776 ]
	[ "$(stat -c %b out/big)" -lt 100 ]
}

@test "attack: names with newlines and escapes, in files and in messages" {
	make
	envpod run --root web -- sh -c 'mkdir /opt/d; echo x >"/opt/d/$(printf "a\nb\033[2J")"; mkfifo "/opt/d/$(printf "p\033]0;x")"'
	expect 3 envpod cp web:/opt/d out/
	[ -e "$(printf 'out/d/a\nb\033[2J')" ]
	refute grep -q $'\033' <<<"$output"
	[[ $output = *'\x1b'* ]]
}

@test "attack: the pod's own archive program, on its path, is not asked" {
	make 'env: {PATH: "/opt/bin:/usr/bin:/bin"}'
	envpod run --root web -- /bin/sh -c 'mkdir /opt/bin; for t in tar pod-upload pod-exec cat; do printf "#!/bin/sh\nexit 0\n" >/opt/bin/$t; /bin/chmod 755 /opt/bin/$t; done'
	[ -z "$(envpod run web -- cat /etc/hostname)" ]
	envpod cp src web:/opt/
	[ "$(envpod run web -- /bin/cat /opt/src/one)" = one ]
	envpod cp web:/opt/src out/
	diff -r src out/src
}

@test "frozen pods, wrong words, and a source that is not there" {
	make
	expect 64 envpod cp src out
	expect 64 envpod cp web:/a web:/b
	expect 64 envpod cp - src web:/opt
	expect 2 envpod cp nosuch web:/opt
	expect 2 envpod cp web:/nosuch out
	expect 2 envpod cp nopod:/a out
	envpod run -b web -- sleep 1000 2>/dev/null
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = running ]'
	envpod lock web
	expect 75 envpod cp src web:/opt
	envpod kill web
	[ "$(envpod --print cp src web:/opt | wc -l)" = 2 ]
}
