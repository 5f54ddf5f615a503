# Killed before every system call that changes a file: the old value or the new one, never neither.
load ../lib/envpod
load helper
setup() { vault_setup; need strace; pod web; }
teardown() { envpod_teardown; }

have_strace() { strace -o /dev/null true 2>/dev/null; }
calls=mkdir,mkdirat,renameat,renameat2,unlinkat,write,fchmod,fsync,openat,flock

# killed_at N COMMAND...: 0 when the Nth call was reached and the command died of it.
killed_at()
{
	local n=$1 r=0
	shift
	strace -qq -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" "$@" >/dev/null 2>&1 || r=$?
	[ "$r" -eq 137 ]
}

whole() { [ -z "$(find "$PODS/web/vault" "$KEYS" -name '*.new*' -o -name '.*.*' -type f)" ]; }

@test "kill -9 at any point of the first set: it can be done again" {
	for i in $(seq 1 3 200); do
		rm -rf "$KEYS" "$PODS"/web/vault "$PODS"/web/vaultid
		killed_at "$i" pod-vault set web A <<<first || break
		got=$(pod-vault get web A 2>/dev/null) || got=
		[ -z "$got" ] || [ "$got" = first ]
		put web A again
		[ "$(value web A)" = again ]
		whole
	done
	[ "$i" -gt 30 ] && [ "$i" -lt 200 ]
}

@test "kill -9 at any point of set and rm: the old or the new, and the others" {
	put web A old
	put web B other
	for i in $(seq 1 2 200); do
		killed_at "$i" pod-vault set web A <<<"new$i" || break
		got=$(value web A)
		[ "$got" = "new$i" ] || [ "$got" = old ]
		[ "$(value web B)" = other ]
		put web A old
		whole
	done
	[ "$i" -gt 30 ] && [ "$i" -lt 200 ]
	for i in $(seq 1 3 200); do
		killed_at "$i" pod-vault rm web A || break
		pod-vault get web A >"$T/got" || [ $? = 2 ]
		put web A old
		[ "$(value web A)" = old ] && [ "$(value web B)" = other ]
		whole
	done
	[ "$i" -gt 15 ] && [ "$i" -lt 200 ]
}
