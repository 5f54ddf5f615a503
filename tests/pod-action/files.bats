#!/usr/bin/env bats
# The executor by hand, where no pod is needed: odd requests, odd names, a full descriptor 3, no descriptor 3.

load ../lib/envpod

setup()
{
	envpod_setup
	mkdir "$T/w"
	cd "$T/w" || return
}
teardown() { envpod_teardown; }

ask() { pod-action <<<"$1" 3<>"$T/kept"; }
fails()
{
	expect 2 ask "$1"
	jq -r .error <<<"${lines[0]}" | grep -Eq -- "$2" && return
	echo "$output" >&2
	return 1
}

@test "requests that are none, and members of the wrong kind" {
	fails '{' 'request'
	fails '[]' 'object'
	fails '{"params":{}}' 'type is missing'
	fails '{"type":"file_write","params":{"path":"a","content":5}}' 'content'
	fails '{"type":"file_write","params":{"path":["a"],"content":"x"}}' 'path'
	fails '{"type":"file_write","params":{"path":"a","content":"x","append":"maybe"}}' 'append'
	fails '{"type":"file_write","params":[]}' 'object'
	fails '{"type":"file_write","params":{"path":"a","content":"\ud800"}}' 'escape'
	fails '{"type":"file_write","params":{"path":"a\u0000b","content":"x"}}' 'escape'
	fails "{\"type\":\"file_write\",\"params\":{\"path\":\"$(printf 'x%.0s' {1..5000})\",\"content\":\"x\"}}" 'names nothing'
	fails '{"type":"file_create","undo":{"do":"nonsense"}}' 'nonsense'
	fails '{"type":"file_create","undo":{}}' 'missing'
	fails '{"type":"file_create","undo":{"do":"remove","path":"relative","state":"absent"}}' 'absolute'
	[ -z "$(ls -A)" ]
}

@test "names with blanks, newlines, quotes and letters of other scripts" {
	local name
	for name in 'a b' $'new\nline' '"quoted"' 'ünï' '-rf' '*' "it's"; do
		ask "$(jq -cn --arg p "./$name" '{type:"file_create",params:{path:$p,content:"x"}}')" >said
		[ -e "$name" ]
		ask "$(jq -c '{type:"file_create",undo:.undo}' said)"
		[ ! -e "$name" ]
	done
}

@test "without descriptor 3 nothing is kept, and no other file is taken for it" {
	echo old >a
	pod-action <<<'{"type":"file_write","params":{"path":"a","content":"new"}}' 3>&- >said
	jq -e '.ok and .undo == null and (.irreversible | test("nowhere"))' said
	[ "$(cat a)" = new ]
	[ "$(ls)" = $'a\nsaid' ]
}

@test "a write that does not fit leaves what was there" {
	need root
	mkdir full
	mount -t tmpfs -o size=64k tmpfs full
	echo old >full/a
	fails "$(jq -cn '{type:"file_write",params:{path:"full/a",content:("x" * 100000)}}')" 'No space'
	[ "$(cat full/a)" = old ]
	fails "$(jq -cn '{type:"file_write",params:{path:"full/a",append:true,content:("x" * 100000)}}')" 'No space'
	[ "$(cat full/a)" = old ]
	[ "$(ls -A full)" = a ]
	umount full
}

@test "a file with other names that does not fit is as it was, too" {
	need root
	mkdir full
	mount -t tmpfs -o size=64k tmpfs full
	echo old >full/a
	ln full/a full/b
	fails "$(jq -cn '{type:"file_write",params:{path:"full/a",content:("x" * 100000)}}')" 'No space'
	[ "$(cat full/b)" = old ]
	umount full
}

@test "a tree of which a part cannot be deleted loses no other part" {
	need root
	mkdir -p d/mounted d/closed d/open
	touch d/open/f d/closed/f
	mount -t tmpfs tmpfs d/mounted
	fails '{"type":"dir_delete","params":{"path":"d","recursive":true}}' 'mounted there; nothing was deleted'
	umount d/mounted
	chmod 500 d/closed
	chown -R 1000:1000 d .
	chmod 755 "$T"
	cat >said <<<"$(setpriv --reuid 1000 --regid 1000 --clear-groups pod-action <<<'{"type":"dir_delete","params":{"path":"d","recursive":true}}' 3<>/dev/null || true)"
	jq -e '.error | test("closed.*nothing was deleted")' said
	[ -e d/open/f ] && [ -e d/closed/f ] && [ -d d/mounted ]
}

@test "what was kept and then damaged brings nothing back, and leaves nothing behind" {
	mkdir -p d/e
	echo x >d/e/f
	ask '{"type":"dir_delete","params":{"path":"d","recursive":true}}' >said
	truncate -s 700 "$T/kept"
	fails "$(jq -c '{type:"dir_delete",undo:.undo}' said)" 'cut off'
	[ ! -e d ]
	[ "$(ls -A)" = said ]
}

@test "a move to another file system never empties what is mounted, and takes nothing into itself" {
	need root
	mkdir -p host tmp bound d/in other
	echo precious >host/f
	mount --bind host bound
	mount -t tmpfs tmpfs tmp
	echo x >tmp/f
	local what
	for what in bound tmp; do
		fails "{\"type\":\"file_move\",\"params\":{\"src\":\"$what\",\"dst\":\"$([ $what = tmp ] && echo bound || echo tmp)/moved\"}}" 'mounted there; nothing was deleted'
	done
	touch file
	mount --bind host/f file
	fails '{"type":"file_move","params":{"src":"file","dst":"tmp/moved"}}' 'mounted there'
	# a second way into it
	mount --bind d/in other
	echo x >d/f
	fails '{"type":"file_move","params":{"src":"d","dst":"other/d"}}' 'would be moved to; nothing was deleted'
	[ "$(cat host/f tmp/f d/f)" = $'precious\nx\nx' ]
	[ "$(ls -A tmp host d d/in)" = $'d:\nf\nin\n\nd/in:\n\nhost:\nf\n\ntmp:\nf' ]
	umount other file
	ask '{"type":"file_move","params":{"src":"d","dst":"tmp/d"}}'
	[ -e tmp/d/f ] && [ ! -e d ]
	umount bound tmp
}
