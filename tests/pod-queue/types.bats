#!/usr/bin/env bats
# Every type of action there is, from the deed to `envpod undo`: taken back exactly, or with a record that says why it
# never can be.  All in one pod, whose files are looked at from outside of it.
load ../lib/envpod
load ../integration/injected
load actions

setup_file()
{
	injected_setup
	net_pod web 'dns: {allow: [api.example], upstream: [203.0.113.53]}'
	on_host envpod start web -- sleep 1000
	injected_vault
	bound api.example
	POD=web
	queue_dirs
	own pushes git_push '{"undo_push":true,"auth_vault_key":"TOKEN","remote":"origin"}'
	# shellcheck disable=SC2016
	own note custom '{}' '#!/bin/sh
read -r request
case $request in
*\"undo\"*) rm -f /var/tmp/box/note && echo "{\"ok\":true}" ;;
*) echo noted >/var/tmp/box/note && printf "{\"ok\":true,\"result\":{\"uid\":\"%s\",\"caps\":\"%s\"},\"undo\":{\"file\":\"note\"}}\n" "$(id -u)" "$(sed -n "s/^CapEff:.//p" /proc/self/status)" ;;
esac'
	git init -q --bare -b main "$T/srv/repo.git"
	git -C "$T/srv/repo.git" config http.receivepack true
	in_pod web sh -c '
		mkdir -p /var/tmp/box/tree/sub && cd /var/tmp/box && echo one >a && chmod 640 a && touch -d @1000.25 a && echo two >tree/sub/f && ln -s ../a tree/link
		git config --global user.name a && git config --global user.email a@b
		git init -q -b main /var/tmp/work && cd /var/tmp/work && git remote add origin https://api.example/git/repo.git &&
		echo 1 >f && git add f && git commit -qm one && git push -q origin main 2>/dev/null && git clone -q https://api.example/git/repo.git /var/tmp/other 2>/dev/null &&
		echo 2 >f && git commit -qam two && git push -q origin main 2>/dev/null && echo 3 >f && git branch side && cp -a /var/tmp/work /var/tmp/trapped'
}
teardown_file() { world_teardown; }
setup()
{
	POD=web ON=on_host QUEUE=$ENVPOD_STATE_DIR/pods/web/queue
	N=$((BATS_TEST_NUMBER * 100))
	ROOT=/proc/$(cut -d ' ' -f 1 "$ENVPOD_RUN_DIR/web/init.pid")/root
}

# What undo must bring back: files with their looks, and of repositories where HEAD and refs are and what is checked out.
# Never by git: what lies in there is the pod's.
look()
{
	(cd "$ROOT/var/tmp/box" && find . -type d -printf '%p %m\n' && find . ! -type d -printf '%y %m %U:%G %p %l %T@\n' && find . -type f -exec sha256sum {} +) | LC_ALL=C sort
	(cd "$ROOT/var/tmp" && for repo in work other; do
		cat "$repo/.git/HEAD"
		find "$repo" -path "$repo/.git" -prune -o -type f -exec sha256sum {} +
		find "$repo/.git" \( -path "$repo/.git/refs/*" -o -path "$repo/.git/packed-refs" \) -type f -exec sha256sum {} +
	done) | LC_ALL=C sort
	find "$T/srv/repo.git/refs" -type f -exec sha256sum {} + | LC_ALL=C sort
}

# TYPE | the action's name, where that is another | params | why nothing takes it back; "": it is taken back
rows()
{
	cat <<-'END'
	http_get||{"url":"https://api.example/t"}|asked, and changed nothing
	http_post||{"url":"https://api.example/t","body":"x"}|what was sent cannot be taken back
	http_put||{"url":"https://api.example/t","body":"x"}|what was sent cannot be taken back
	http_patch||{"url":"https://api.example/t","body":"x"}|what was sent cannot be taken back
	http_delete||{"url":"https://api.example/t"}|what was sent cannot be taken back
	webhook||{"url":"https://api.example/t","payload":{}}|what was sent cannot be taken back
	file_create||{"path":"/var/tmp/box/new","content":"x"}|
	file_write||{"path":"/var/tmp/box/a","content":"x"}|
	file_copy||{"src":"/var/tmp/box/a","dst":"/var/tmp/box/b"}|
	dir_create||{"path":"/var/tmp/box/d/e"}|
	file_delete||{"path":"/var/tmp/box/a"}|
	dir_delete||{"path":"/var/tmp/box/tree","recursive":true}|
	file_move||{"src":"/var/tmp/box/tree","dst":"/var/tmp/box/moved"}|
	git_commit||{"message":"m","working_dir":"/var/tmp/work"}|
	git_push|pushes|{"branch":"side","working_dir":"/var/tmp/work"}|
	git_pull||{"working_dir":"/var/tmp/other"}|
	git_checkout||{"branch":"new","create":true,"working_dir":"/var/tmp/work"}|
	git_branch||{"name":"fresh","working_dir":"/var/tmp/work"}|
	git_tag||{"name":"v1","message":"m","working_dir":"/var/tmp/work"}|
	custom|note|{}|
	END
}

@test "each type: done, and undone; or its record says why it never is" {
	local type name params never before undo
	# A type that comes along gets a row; governed commands are not executed (snapshots.bats, domains.bats, govern.bats).
	diff <(rows | cut -d '|' -f 1 | sort) <({ pod-queue actions --json web ls | jq -r .action_type; echo custom; } | grep -vxE 'request|snapshot|domain' | sort -u)
	[ "$(rows | wc -l)" = 20 ]
	while IFS='|' read -r type name params never; do
		before=$(look)
		done_ok "$type" "$params" "${name:-$type}"
		undo=$(jq -r .undo "$result")
		if [ -n "$never" ]; then
			expect 3 on_host envpod undo web "$undo" </dev/null
			[[ $output == *"$never"* ]]
			continue
		fi
		refute diff -q <(echo "$before") <(look)
		on_host envpod undo web "$undo" </dev/null
		diff <(echo "$before") <(look)
	done < <(rows)
}

@test "the owner being root, an executor is the pod's root and nobody's on the host" {
	done_ok custom '{}' note
	jq -e '.result.uid == "0"' "$result"
	# Of capabilities what a root of the pod has, and in its own user namespace; its files are shifted.
	[ "$(stat -c %u "$ROOT/var/tmp/box/note")" -ge 524288 ]
	done_ok file_create '{"path":"/var/tmp/box/of-root"}'
	[ "$(stat -c %u "$ROOT/var/tmp/box/of-root")" = "$(stat -c %u "$ROOT/var/tmp/box/note")" ]
	failed file_create '{"path":"/usr/bin/of-root"}' 'denied|Read-only|not permitted'
}

@test "git actions in a repository full of traps: executed and undone, and nothing of it sprung; what cannot be overruled is refused" {
	in_pod web sh -c '
		cd /var/tmp/trapped && printf "#!/bin/sh\ntouch /var/tmp/sprung\ncat\n" >/var/tmp/trap && chmod +x /var/tmp/trap &&
		for key in core.fsmonitor core.sshCommand core.editor core.pager core.askPass credential.helper gpg.program diff.external; do git config $key /var/tmp/trap; done &&
		for hook in pre-commit commit-msg post-commit post-checkout pre-push reference-transaction; do cp /var/tmp/trap .git/hooks/$hook; done && git config commit.gpgSign true'
	local before head
	before=$(cat "$ROOT/var/tmp/trapped/.git/HEAD" "$ROOT/var/tmp/trapped/.git/refs/heads/main")
	for ask in 'git_commit {"message":"m"}' 'git_checkout {"branch":"new","create":true}' 'git_branch {"name":"fresh"}' 'git_branch {"name":"side","delete":true}'; do
		done_ok "${ask%% *}" "$(jq -c '.working_dir = "/var/tmp/trapped"' <<<"${ask#* }")"
		head=$(jq -r .undo "$result")
		on_host envpod undo web "$head" </dev/null
		[ "$(cat "$ROOT/var/tmp/trapped/.git/HEAD" "$ROOT/var/tmp/trapped/.git/refs/heads/main")" = "$before" ]
	done
	[ -e "$ROOT/var/tmp/trapped/.git/refs/heads/side" ]
	refute test -e "$ROOT/var/tmp/trapped/.git/refs/heads/fresh"
	in_pod web git -C /var/tmp/trapped config remote.origin.pushurl https://evil.example/x
	failed git_push '{"working_dir":"/var/tmp/trapped"}' "could lead elsewhere"
	in_pod web sh -c 'cd /var/tmp/trapped && git config --unset remote.origin.pushurl && git config remote.origin.url "ext::sh -c touch% /var/tmp/sprung"'
	failed git_push '{"working_dir":"/var/tmp/trapped"}' "https://"
	failed git_pull '{"working_dir":"/var/tmp/trapped"}' "https://"
	in_pod web sh -c 'cd /var/tmp/trapped && git config filter.f.clean /var/tmp/trap && echo "* filter=f" >.gitattributes'
	failed git_commit '{"message":"m","working_dir":"/var/tmp/trapped"}' "filter.f.clean"
	failed git_checkout '{"branch":"side","working_dir":"/var/tmp/trapped"}' "filter.f"
	[ "$(cat "$ROOT/var/tmp/trapped/.git/HEAD" "$ROOT/var/tmp/trapped/.git/refs/heads/main")" = "$before" ]
	[ ! -e "$ROOT/var/tmp/sprung" ]
}
