# The master key: changed, of a passphrase, of a command; unlocked and locked.
load ../lib/envpod
load helper
setup()
{
	vault_setup
	pod web
	put web A value-of-a
	put web B value-of-b
	printf of-the-team | pod-vault set --scope team T
}
teardown()
{
	pod-vault lock 2>/dev/null || true
	envpod_teardown
}

all_well()
{
	[ "$(value web A)" = value-of-a ] && [ "$(value web B)" = value-of-b ] && [ "$(pod-vault get --scope team T)" = of-the-team ]
}
# Without a terminal to ask at.
alone() { setsid -w "$@" </dev/null; }

@test "rotate: another key for everything, and the old one opens nothing" {
	cp -a "$KEYS" "$T/keys"
	cp "$PODS/web/vault/A" "$T/A"
	envpod vault rotate
	all_well
	refute cmp -s "$KEYS/master" "$T/keys/master"
	cp "$T/A" "$PODS/web/vault/A"
	expect 78 pod-vault get web A
	cp "$T/keys/master" "$KEYS/master"
	expect 2 pod-vault get web B
	[ "$(events web vault_rotate)" = vault_rotate ]
}

@test "a passphrase: nothing opens while it is locked, everything once it is unlocked" {
	need keyring
	envpod vault rotate --new-passphrase --passphrase-fd 5 5<<<'correct horse'
	[ ! -e "$KEYS/master" ]
	expect 2 alone pod-vault get web A
	grep -q 'envpod vault unlock' <<<"$output"
	expect 2 alone pod-vault unlock --passphrase-fd 5 5<<<'wrong horse'
	expect 2 alone pod-vault get web A
	envpod vault unlock --passphrase-fd 5 5<<<'correct horse'
	all_well
	alone pod-vault get web A >/dev/null
	put web C value-of-c
	envpod vault lock
	expect 2 alone pod-vault get web C
	refute grep -rq -e 'correct horse' "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR"
	pod-vault unlock --passphrase-fd 5 --for 1h 5<<<'correct horse'
	envpod vault rotate --key-file
	[ -e "$KEYS/master" ]
	all_well
	expect 2 pod-vault lock
	pod-vault unlock
}
have_keyring() { python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(250, 0, -4, 0) < 0)'; }

@test "a locked vault: a run with secrets is 125, the injector is told why" {
	need keyring
	pod run $'network: {dns: {allow: [api.example]}}\nvault: {env: [A]}'
	put run A value-of-a-run
	pod-vault bind run A api.example
	pod-vault rotate --new-passphrase --passphrase-fd 5 5<<<'correct horse'
	alone pod-vault feed run >"$T/fed"
	grep -q '^locked the vault is locked' "$T/fed"
	expect 2 alone pod-vault env run
	grep -q 'envpod vault unlock' <<<"$output"
	pod-vault unlock --passphrase-fd 5 5<<<'correct horse'
	pod-vault feed run | grep -qx value-of-a-run
	pod-vault env run | tr '\0' '\n' | grep -qx A=value-of-a-run
}

@test "a key command: run without a shell; one that fails, is silent or says something else" {
	printf '#!/bin/sh\necho "$#:$1" >>"%s/args"\ncat "%s/pass"\n' "$T" "$T" >"$T/ask"
	chmod 755 "$T/ask"
	echo 'a long passphrase from a store' >"$T/pass"
	envpod vault rotate --command "$T/ask" 'two words; $(id)'
	[ ! -e "$KEYS/master" ]
	all_well
	grep -qxF '1:two words; $(id)' "$T/args"
	echo other >"$T/pass"
	expect 2 pod-vault get web A
	: >"$T/pass"
	expect 2 pod-vault get web A
	rm "$T/pass"
	expect 2 pod-vault get web A
	mv "$T/ask" "$T/gone"
	expect 2 pod-vault get web A
	head -c 5000 /dev/zero | tr '\0' x >"$T/pass"
	mv "$T/gone" "$T/ask"
	expect 2 pod-vault get web A
	expect 64 pod-vault rotate --command relative/path
	expect 64 pod-vault rotate --command
	echo 'a long passphrase from a store' >"$T/pass"
	pod-vault rotate --key-file
	all_well
}

@test "a secret that does not open: nothing is rotated" {
	cp -a "$KEYS" "$T/keys"
	echo x >>"$PODS/web/vault/B"
	expect 78 pod-vault rotate
	[ "$(value web A)" = value-of-a ]
	cmp "$KEYS/index" "$T/keys/index"
	pod-vault rm web B
	pod-vault rotate
	[ "$(value web A)" = value-of-a ]
	[ -z "$(find "$ENVPOD_STATE_DIR" -name '*.new')" ]
}

@test "kill -9 at any point of a rotation: the old key or the new, and every secret" {
	need strace
	calls=renameat,unlinkat,write,fsync,openat
	for i in $(seq 1 4 400); do
		r=0
		strace -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$i" pod-vault rotate >/dev/null 2>&1 || r=$?
		[ "$r" = 137 ] || break
		all_well
	done
	[ "$i" -gt 40 ] && [ "$i" -lt 400 ]
	put web A value-of-a
	pod-vault rotate
	[ -z "$(find "$ENVPOD_STATE_DIR" -name '*.new')" ]
	all_well
}
have_strace() { strace -o /dev/null true 2>/dev/null; }

@test "a pod is destroyed while the vault is locked; what it had opens no more, and goes with the next rotation" {
	need keyring
	envpod init gone -c <(echo 'name: gone') >/dev/null
	put gone A value-of-gone
	cp -a "$PODS/gone/vault" "$T/vault"
	pod-vault rotate --new-passphrase --passphrase-fd 5 5<<<'correct horse'
	alone envpod destroy gone
	[ ! -e "$PODS/gone" ]
	pod-vault unlock --passphrase-fd 5 5<<<'correct horse'
	pod-vault rotate --key-file
	refute grep -q ' gone ' <(index)
	all_well
}

@test "a rotation leaves nothing behind that may still be somebody's" {
	mv "$PODS/web/vaultid" "$T/vaultid"
	expect 78 pod-vault rotate
	grep -q 'put it back' <<<"$output"
	mv "$T/vaultid" "$PODS/web/vaultid"
	pod-vault rotate
	all_well
}
