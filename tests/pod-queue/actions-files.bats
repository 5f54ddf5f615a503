#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# File actions: done in the pod's view, as its user, and taken back exactly, or not at all.

load ../lib/envpod
load actions

setup()
{
	need root overlay userns
	envpod_setup
	actions_pod box
}

teardown() { envpod_teardown; }

# state DIR: everything of it that undo must bring back, as the pod sees it.
same() { [ "$(state "$1")" = "$2" ] || { diff <(echo "$2") <(state "$1") >&2; return 1; }; }
state() { pod_sh "cd $1 && find . ! -path . -printf '%y %m %U:%G %p %l %T@ %n\n' | LC_ALL=C sort; find . -type f | LC_ALL=C sort | xargs -r sha256sum; getfattr -R -d . 2>/dev/null"; }

@test "file_create, file_write, append, file_copy: done, on no host file, and taken back" {
	done_ok file_create "{\"path\":\"$H/a\",\"content\":\"h\\u00e9llo \\ud83d\\ude00\"}"
	[ "$(jq -r .result.path "$result")" = "$H/a" ]
	[ ! -e "$H/a" ]
	[ "$(pod_sh "cat $H/a; stat -c ' %u %a' $H/a")" = "héllo 😀 1000 644" ]
	failed file_create "{\"path\":\"$H/a\"}" "File exists"
	local before
	pod_sh "chmod 640 $H/a; setfattr -n user.k -v v $H/a; touch -d @1000.25 $H/a"
	before=$(state "$H")
	done_ok file_write "{\"path\":\"$H/a\",\"content\":\"other\"}"
	[ "$(pod_sh "cat $H/a; stat -c ' %a' $H/a; getfattr --only-values -n user.k $H/a")" = $'other 640\nv' ]
	take_back
	same "$H" "$before"
	done_ok file_write "{\"path\":\"$H/a\",\"content\":\" more\",\"append\":true}"
	[ "$(pod_sh "cat $H/a")" = "héllo 😀 more" ]
	take_back
	same "$H" "$before"
	done_ok file_copy "{\"src\":\"$H/a\",\"dst\":\"$H/b\"}"
	[ "$(pod_sh "cat $H/b")" = "héllo 😀" ]
	take_back
	same "$H" "$before"
}

@test "deleting a tree is taken back with hard links, attributes, modes and times" {
	pod_sh "cd $H && mkdir -p d/e/f && echo 1 >d/one && ln d/one d/e/same && ln -s ../one d/e/link && mkfifo d/pipe &&
		chmod 751 d/e && chmod 500 d/e/f && setfattr -n user.k -v v d/one && touch -d @1000.5 d/e d/one && touch -h -d @2000.25 d/e/link && touch -d @99 d"
	local before
	before=$(state "$H/d")
	failed dir_delete "{\"path\":\"$H/d\"}" "not empty"
	failed file_delete "{\"path\":\"$H/d\"}" "is a directory"
	same "$H/d" "$before"
	done_ok dir_delete "{\"path\":\"$H/d\",\"recursive\":true}"
	pod_sh "test ! -e $H/d"
	take_back
	same "$H/d" "$before"
	pod_sh "cd $H/d && [ one -ef e/same ]"
	done_ok file_delete "{\"path\":\"$H/d/one\"}"
	take_back
	pod_sh "grep -q 1 $H/d/one"
}

@test "dir_create makes parents; taken back when they are empty, and not otherwise" {
	done_ok dir_create "{\"path\":\"$H/x/y/z\"}"
	pod_sh "test -d $H/x/y/z; touch $H/x/mine"
	expect 3 take_back
	pod_sh "test -d $H/x/y/z -a -e $H/x/mine; rm $H/x/mine"
	take_back
	pod_sh "test ! -e $H/x"
}

@test "file_move: files, and directories that the host has; never over something" {
	mkdir -p "$H/hostdir/sub"
	echo host >"$H/hostdir/sub/f"
	chown -R 1000:1000 "$H"
	local before
	before=$(state "$H/hostdir")
	done_ok file_move "{\"src\":\"$H/hostdir\",\"dst\":\"$H/moved\"}"
	pod_sh "test ! -e $H/hostdir && grep -q host $H/moved/sub/f"
	[ -e "$H/hostdir/sub/f" ]
	take_back
	same "$H/hostdir" "$before"
	pod_sh "echo a >$H/a; echo b >$H/b"
	failed file_move "{\"src\":\"$H/a\",\"dst\":\"$H/b\"}" "File exists"
	done_ok file_move "{\"src\":\"$H/a\",\"dst\":\"$H/c\"}"
	pod_sh "echo changed >$H/c"
	expect 3 take_back
	pod_sh "grep -q changed $H/c"
}

@test "what changed since is left alone" {
	done_ok file_create "{\"path\":\"$H/a\",\"content\":\"1\"}"
	pod_sh "echo more >>$H/a"
	expect 3 take_back
	[[ $output == *"was changed since"* ]]
	pod_sh "grep -q more $H/a"
	done_ok file_delete "{\"path\":\"$H/a\"}"
	pod_sh "echo new >$H/a"
	expect 3 take_back
	[[ $output == *"has come since"* ]]
	done_ok file_write "{\"path\":\"$H/a\",\"content\":\"2\"}"
	pod_sh "mkdir $H/real; mv $H/a $H/real/; ln -s real/a $H/a"
	expect 3 take_back
	[ "$(pod_sh "cat $H/real/a")" = 2 ]
}

@test "links: those on the way are followed, the last name never is, those of /proc not at all" {
	pod_sh "cd $H && mkdir real && ln -s real way && echo 1 >real/f && ln -s f real/link && ln -s /proc/self/root magic"
	done_ok file_write "{\"path\":\"$H/way/f\",\"content\":\"2\"}"
	[ "$(pod_sh "cat $H/real/f")" = 2 ]
	failed file_write "{\"path\":\"$H/way/link\",\"content\":\"3\"}" "symbolic link"
	failed file_copy "{\"src\":\"$H/way/link\",\"dst\":\"$H/q\"}" "symbolic link"
	failed file_write "{\"path\":\"$H/magic/tmp/f\",\"content\":\"3\"}" "symbolic links|No such|magic|Too many"
	done_ok file_delete "{\"path\":\"$H/way/link\"}"
	pod_sh "test ! -L $H/real/link -a -e $H/real/f"
	take_back
	[ "$(pod_sh "readlink $H/real/link")" = f ]
	failed file_create '{"path":"/"}' "names nothing"
	failed file_create '{"path":".."}' "names nothing"
	failed file_create '{"path":""}' "names nothing"
	failed file_create '{"content":"x"}' "path"
}

@test "a file with other names is rewritten where it lies, and its content comes back there, under all of them" {
	# in one view: an overlay parts the names of a file that a layer below has
	envpod run -b box -- sleep 1000
	wait_for 20 eval '[ "$(envpod ls --json box | jq -r .status)" = running ]'
	pod_sh "cd $H && echo longer >f && ln f g && chmod 640 f && setfattr -n user.k -v v f && touch -d @1000.25 f"
	local before
	before=$(state "$H")
	done_ok file_write "{\"path\":\"$H/f\",\"content\":\"22\"}"
	pod_sh "cd $H && [ f -ef g ] && [ \$(cat g) = 22 ]"
	take_back
	pod_sh "cd $H && [ f -ef g ] && [ \$(cat g) = longer ]"
	same "$H" "$before"
	# Changed by its other name, it is left alone.
	done_ok file_write "{\"path\":\"$H/f\",\"content\":\"22\"}"
	pod_sh "echo 3 >$H/g"
	expect 3 take_back
	[ "$(pod_sh "cat $H/f")" = 3 ]
}

@test "what cannot be kept is deleted all the same, and the record says why nothing brings it back" {
	pod_sh "truncate -s 70M $H/big"
	done_ok file_delete "{\"path\":\"$H/big\"}"
	never "more than can be kept"
	expect 2 take_back
	envpod run box --root -- sh -c "mkdir $H/theirs; echo x >$H/theirs/f; chown 1000:1000 $H/theirs" </dev/null
	done_ok dir_delete "{\"path\":\"$H/theirs\",\"recursive\":true}"
	never "another user"
}

@test "an executor has no more power than the pod's user: masked files, others' files, read-only places" {
	mkdir "$T/secret"
	echo hidden >"$T/secret/key"
	chmod 755 "$T/secret"
	actions_pod sealed "  mask:" "    - $T/secret"
	failed file_copy "{\"src\":\"$T/secret/key\",\"dst\":\"/tmp/stolen\"}" "No such file"
	failed file_copy '{"src":"/etc/shadow","dst":"/tmp/stolen"}' "denied|No such"
	failed file_write '{"path":"/usr/bin/planted","content":"x"}' "denied|Read-only"
	failed file_write '{"path":"/etc/passwd","content":"x"}' "denied|Read-only"
}

@test "the host is untouched whatever was done" {
	echo host >"$H/f"
	chown 1000:1000 "$H/f"
	local before
	before=$(hashes "$H")
	done_ok file_write "{\"path\":\"$H/f\",\"content\":\"pod\"}"
	done_ok file_delete "{\"path\":\"$H/f\"}"
	done_ok dir_create "{\"path\":\"$H/d\"}"
	[ "$(hashes "$H")" = "$before" ]
}
