# Files that were changed, exchanged, taken away; keys that are gone; two at once; a full disk.
load ../lib/envpod
load helper
setup()
{
	vault_setup
	pod web
	put web A value-of-a
	put web B value-of-b
}
teardown() { envpod_teardown; }

# flip FILE OFFSET: one bit of it.
flip() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); c = f.read(1)[0]; f.seek(int(sys.argv[2])); f.write(bytes([c ^ 1]))' "$1" "$2"; }

@test "a secret: changed anywhere, exchanged, cut, longer, of an older version" {
	cp -a "$PODS/web/vault" "$T/good"
	for at in 0 8 12 16 24 40 64 70 $(($(stat -c %s "$T/good/A") - 1)); do
		flip "$PODS/web/vault/A" "$at"
		expect 78 pod-vault get web A
		cp "$T/good/A" "$PODS/web/vault/A"
	done
	cp "$T/good/B" "$PODS/web/vault/A"
	expect 78 pod-vault get web A
	head -c 60 "$T/good/A" >"$PODS/web/vault/A"
	expect 78 pod-vault get web A
	(cat "$T/good/A"; echo x) >"$PODS/web/vault/A"
	expect 78 pod-vault get web A
	: >"$PODS/web/vault/A"
	expect 78 pod-vault get web A
	rm "$PODS/web/vault/A"
	expect 2 pod-vault get web A
	cp "$T/good/A" "$PODS/web/vault/A"
	put web A newer-value
	cp "$T/good/A" "$PODS/web/vault/A"
	expect 78 pod-vault get web A
	[ "$(value web B)" = value-of-b ]
}

@test "a secret copied to another pod, and a pod directory copied whole" {
	pod other
	put other A of-the-other
	cp "$PODS/web/vault/A" "$PODS/other/vault/A"
	expect 78 pod-vault get other A
	cp -a "$PODS/web" "$PODS/evil"
	expect 78 pod-vault get evil A
	expect 78 pod-vault set evil A <<<new
	cp "$PODS/web/vaultid" "$PODS/other/vaultid"
	expect 78 pod-vault get other A
}

@test "the index: changed anywhere, cut, empty, of another vault" {
	cp "$KEYS/index" "$T/index"
	for at in 0 8 12 16 24 40 56 60 64 68 92 200; do
		flip "$KEYS/index" "$at"
		refute pod-vault get web A
		refute pod-vault set web C <<<x
		cp "$T/index" "$KEYS/index"
	done
	for len in 0 1 91 92 107 150; do
		head -c "$len" "$T/index" >"$KEYS/index"
		expect 78 pod-vault get web A
	done
	cp "$T/index" "$KEYS/index"
	[ "$(value web A)" = value-of-a ]
	mv "$KEYS/index" "$T/index"
	expect 78 pod-vault get web A
	expect 78 pod-vault set web C <<<x
}

@test "the master key: gone, another one, damaged, readable for others, not root's" {
	mv "$KEYS/master" "$T/master"
	expect 2 pod-vault get web A
	grep -q 'put it back' <<<"$output"
	expect 2 pod-vault set web C <<<x
	[ ! -e "$KEYS/master" ]
	printf '%064d\n' 7 >"$KEYS/master" && chmod 600 "$KEYS/master"
	expect 2 pod-vault get web A
	echo short >"$KEYS/master"
	expect 78 pod-vault get web A
	cp -p "$T/master" "$KEYS/master" && chmod 640 "$KEYS/master"
	expect 77 pod-vault get web A
	chmod 600 "$KEYS/master" && chown 1000 "$KEYS/master"
	expect 77 pod-vault get web A
	rm "$KEYS/master" && ln -s "$T/master" "$KEYS/master"
	refute pod-vault get web A
	rm "$KEYS/master" && mkfifo -m 600 "$KEYS/master"
	expect 77 pod-vault get web A
	rm "$KEYS/master" && cp -p "$T/master" "$KEYS/master"
	chmod 755 "$KEYS"
	expect 77 pod-vault get web A
	chmod 700 "$KEYS"
	[ "$(value web A)" = value-of-a ]
}

@test "two writers at once lose nothing" {
	jobs=()
	for i in 1 2 3 4 5 6; do
		(for j in 1 2 3 4; do put web "K_${i}_$j" "value-$i-$j" || exit; done) &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	[ "$(pod-vault list --json web | wc -l)" = 26 ]
	for i in 1 2 3 4 5 6; do [ "$(value web "K_${i}_4")" = "value-$i-4" ]; done
}

@test "a full disk: what was there stays" {
	mkdir "$T/small"
	mount -t tmpfs -o size=160k,mode=700 tmpfs "$T/small"
	cp -a "$ENVPOD_STATE_DIR"/. "$T/small"
	mount --bind "$T/small" "$ENVPOD_STATE_DIR"
	while head -c 4096 /dev/zero >"$T/small/fill.$RANDOM" 2>/dev/null; do :; done
	head -c 60000 /dev/zero | tr '\0' x >"$T/long"
	refute pod-vault set web A <"$T/long"
	[ "$(value web A)" = value-of-a ]
	[ "$(value web B)" = value-of-b ]
	umount "$ENVPOD_STATE_DIR"
}

@test "a clock that went back: versions still count up" {
	vault_py make "$ENVPOD_STATE_DIR" web A 'from the year 2100' 4102444800
	rm "$PODS/web/vault/B"
	pod-vault list --json web | jq -e '.version == 7 and (.time | startswith("2100"))'
	put web A newer
	[ "$(value web A)" = newer ]
	pod-vault list --json web | jq -e '.version == 8 and (.time | startswith("2100") | not)'
}
