#!/usr/bin/env bats
# Git actions by hand, in a repository as an agent may have prepared it: what they do, how it is
# taken back, and that nothing of what was planted is ever executed.

load ../lib/envpod

setup()
{
	envpod_setup
	mkdir "$T/home" "$T/r"
	export HOME=$T/home USER=tester ENVPOD_POD_NAME=web
	unset GIT_AUTHOR_NAME GIT_COMMITTER_NAME EMAIL
	git config --global user.name 'A Person'
	git config --global user.email person@example
	git config --global init.defaultBranch main
	cd "$T/r" || return
	git init -q .
	echo one >one
	git add one
	git commit -qm first
}
teardown() { envpod_teardown; }

ask() { : >"$T/kept"; pod-action <<<"$1" 3<>"$T/kept" | tee "$T/said"; return "${PIPESTATUS[0]}"; }
# act TYPE JQ-OBJECT: do it.  back: take the last one back.
act() { TYPE=$1; ask "$(jq -cn --arg t "$1" "{type:\$t,params:$2,config:${3:-{\}}}")"; }
back() { pod-action <<<"$(jq -c --arg t "$TYPE" '{type:$t,undo:.undo}' "$T/said")" 3<"$T/kept"; }
fails()
{
	local want=$1
	shift
	expect 2 "$@"
	jq -r .error "$T/said" | grep -Eq -- "$want" && return
	echo "$output" >&2
	return 1
}
# Everything a person would see of the repository.
look() { git status --porcelain=v2 --branch; git for-each-ref; git ls-files --stage; git reflog | wc -l >/dev/null; find . -path ./.git -prune -o -type f -print | sort | xargs sha256sum; }

@test "git_commit: all, or some paths; taken back, with the index as it was" {
	echo two >two
	echo staged >staged
	git add staged
	echo more >>one
	local before
	before=$(look)
	act git_commit '{message:"subject\n\nbody"}'
	[ -z "$(git status --porcelain)" ]
	[ "$(git log -1 --format='%an <%ae> %s')" = "A Person <person@example> subject" ]
	back
	[ "$(look)" = "$before" ]
	act git_commit '{message:"some",paths:["two"]}'
	[ "$(git show --name-only --format= HEAD)" = two ]
	[ "$(git diff --cached --name-only)" = staged ]
	back
	[ "$(look)" = "$before" ]
	fails 'did not match' act git_commit '{message:"x",paths:["nosuch*"]}'
	fails 'message is missing' act git_commit '{}'
	[ "$(look)" = "$before" ]
}

@test "git_commit: nothing to commit, the first commit, from below, with a message that looks like an option" {
	fails 'nothing to commit' act git_commit '{message:"x"}'
	mkdir -p sub "$T/new"
	echo x >sub/x
	(cd sub && act git_commit '{message:"--amend"}')
	[ "$(git log --format=%s | tr '\n' ' ')" = "--amend first " ]
	git init -q "$T/new"
	echo x >"$T/new/x"
	act git_commit "{message:\"m\",working_dir:\"$T/new\"}"
	[ "$(git -C "$T/new" log --format=%s)" = m ]
	back
	refute git -C "$T/new" rev-parse -q --verify HEAD
	[ -e "$T/new/x" ]
	fails 'no git repository' act git_commit '{message:"x",working_dir:"/"}'
	fails 'no directory' act git_commit '{message:"x",working_dir:"--exec-path=/tmp"}'
}

@test "git_branch, git_checkout, git_tag: done, and taken back" {
	git branch topic
	git config branch.topic.remote origin
	git config branch.topic.merge refs/heads/topic
	local before config
	before=$(look) config=$(sort .git/config)
	act git_branch '{name:"fresh"}' && git rev-parse -q --verify fresh && back
	[ "$(look)" = "$before" ]
	act git_branch '{name:"topic",delete:true}' && refute git rev-parse -q --verify topic && back
	[ "$(look)" = "$before" ]
	[ "$(git config branch.topic.merge)" = refs/heads/topic ]
	act git_checkout '{branch:"other",create:true}' && [ "$(git branch --show-current)" = other ] && back
	[ "$(look)" = "$before" ]
	act git_checkout '{branch:"topic"}' && [ "$(git branch --show-current)" = topic ] && back
	[ "$(look)" = "$before" ]
	act git_tag '{name:"v1",message:"words"}' && [ "$(git tag -n --format='%(contents)' v1)" = words ] && back
	act git_tag '{name:"v1"}' && [ "$(git cat-file -t v1)" = commit ] && back
	[ "$(look)" = "$before" ]
	fails 'checked out|used by worktree' act git_branch '{name:"main",delete:true}'
	fails 'no branch' act git_branch '{name:"nosuch",delete:true}'
	fails 'already exists' act git_branch '{name:"topic"}'
	git checkout -q --detach
	act git_checkout '{branch:"topic"}' && back
	refute git symbolic-ref -q HEAD
}

@test "what moved since is left where it is" {
	echo two >two
	act git_commit '{message:"second"}'
	git commit -q --allow-empty -m third
	local at
	at=$(git rev-parse HEAD)
	expect 2 back
	[[ $output == *"was moved since"* ]]
	[ "$(git rev-parse HEAD)" = "$at" ]
	act git_branch '{name:"b"}'
	git branch -f b HEAD~1
	expect 2 back
	[ "$(git rev-parse b)" = "$(git rev-parse HEAD~1)" ]
	act git_checkout '{branch:"c",create:true}'
	git commit -q --allow-empty -m fourth
	expect 2 back
	[ "$(git branch --show-current)" = c ]
}

@test "a change that somebody staged since is not thrown away with the commit" {
	echo two >two
	act git_commit '{message:"second"}'
	echo three >three
	git add three
	back
	[ "$(git log --format=%s)" = first ]
	git ls-files | grep -qx three
}

@test "names that are options, or none" {
	local name
	for name in -d --all '' a..b 'a b' a~1 'a^' a:b 'a?' 'a*' '@' HEAD a.lock a/ /a .a 'a@{1}' $'a\nb' 'a\\b'; do
		fails 'no name|missing' act git_branch "{name:$(jq -n --arg n "$name" '$n')}"
	done
	fails 'no name' act git_tag '{name:"-d"}'
	fails 'no name' act git_checkout '{branch:"-f"}'
	[ "$(git for-each-ref | wc -l)" = 1 ]
}

# trap_program: a program that would leave a trace.
trap_program()
{
	printf '#!/bin/sh\ntouch %s/sprung\ncat\n' "$T" >"$T/trap"
	chmod +x "$T/trap"
	mkdir -p "$T/home/.config/git" .git/hooks
}

@test "planted: hooks, fsmonitor, ssh command, helpers, pagers, editors, signing, diff and merge drivers" {
	local hook key
	trap_program
	for hook in pre-commit prepare-commit-msg commit-msg post-commit post-checkout pre-push post-merge reference-transaction post-index-change; do
		cp "$T/trap" .git/hooks/$hook
	done
	for key in core.fsmonitor core.sshCommand core.pager core.editor core.askPass core.gitProxy credential.helper \
		credential.https://localhost.helper gpg.program gpg.ssh.program gpg.ssh.defaultKeyCommand diff.external diff.x.command diff.x.textconv \
		merge.x.driver sequence.editor core.alternateRefsCommand alias.commit alias.rev-parse pager.tag pager.branch trailer.x.command \
		uploadpack.packObjectsHook ; do
		git config "$key" "$T/trap"
	done
	git config core.hooksPath "$T/r/.git/hooks"
	git config commit.gpgSign true
	git config tag.gpgSign true
	git config push.gpgSign true
	git config gc.auto 1
	echo '* diff=x merge=x' >.gitattributes
	echo "[filter \"g\"]
		clean = $T/trap
[core]
	hooksPath = $T/r/.git/hooks" >"$T/home/.gitconfig.more"
	git config --global include.path "$T/home/.gitconfig.more"
	echo '* filter=g' >.git/info/attributes
	mkdir -p "$T/home/.config/git"
	echo '* filter=g' >"$T/home/.config/git/attributes"
	echo "machine localhost login a password b" >"$T/home/.netrc"
	rm -f "$T/sprung"
	export GIT_SSH_COMMAND=$T/trap GIT_EXTERNAL_DIFF=$T/trap GIT_EDITOR=$T/trap GIT_PAGER=$T/trap GIT_ASKPASS=$T/trap GIT_EXEC_PATH=$T GIT_DIR=/nonexistent
	echo two >two
	act git_commit '{message:"m"}' && back
	echo three >two
	act git_commit '{message:"m"}'
	act git_checkout '{branch:"b",create:true}' && back
	act git_branch '{name:"c"}' && act git_branch '{name:"c",delete:true}' && back
	act git_tag '{name:"v",message:"m"}' && back
	refute act git_push '{}'
	unset "${!GIT_@}"
	git remote add origin https://localhost:1/x
	refute act git_push '{}'
	refute act git_pull '{}'
	[ ! -e "$T/sprung" ]
}

@test "planted: filters are refused where the working tree is touched, and never run" {
	trap_program
	git config filter.f.clean "$T/trap"
	git config filter.f.smudge "$T/trap"
	echo '* filter=f' >.gitattributes
	echo two >two
	fails 'filter.f.clean' act git_commit '{message:"m"}'
	fails 'filter.f' act git_checkout '{branch:"b",create:true}'
	act git_branch '{name:"b"}'
	git config --unset filter.f.clean
	git config --unset filter.f.smudge
	git config filter.f.process "$T/trap"
	fails 'filter.f.process' act git_commit '{message:"m"}'
	git config --unset filter.f.process
	# by an include, and by a condition
	printf '[filter "f"]\n\tprocess = %s\n' "$T/trap" >"$T/more"
	git config includeIf.gitdir:/.path "$T/more"
	fails 'filter.f.process' act git_commit '{message:"m"}'
	[ ! -e "$T/sprung" ]
}

@test "planted: remotes that lead elsewhere, or are no https" {
	trap_program
	local url key
	for url in 'ext::sh -c touch% sprung' git@host:repo ssh://host/repo git://host/repo file:///tmp/x /tmp/x ../x \
		https://user@host/x https://user:word@host/x 'https://' http://host/x -uwrong fd::3 'HTTPS::x' 'transport::https://x'; do
		git config remote.origin.url "$url"
		fails 'https://' act git_push '{}'
	done
	fails 'https://' act git_pull '{}'
	git config remote.origin.url https://localhost:1/x
	for key in url.ext::sh.insteadOf url.x.pushInsteadOf remote.origin.pushurl remote.origin.vcs remote.origin.proxy remote.origin.receivepack \
		http.proxy http.https://localhost.proxy http.sslVerify http.extraHeader http.sslCAInfo http.cookieFile; do
		git config "$key" https://
		fails 'could lead elsewhere' act git_push '{}'
		git config --unset-all "$key"
	done
	git config --add remote.origin.url https://other/x
	fails 'more than one address' act git_push '{}'
	git config --unset-all remote.origin.url
	fails 'no remote origin' act git_pull '{}'
	fails 'no name' act git_push '{remote:"--receive-pack=x"}'
	fails 'no address' act git_push '{remote:"https://evil.example/x"}'
	fails 'alone' act git_push '{remote:"other"}' '{remote:"origin"}'
	[ ! -e "$T/sprung" ] && [ ! -e sprung ]
}

@test "a repository in a repository, and one that is bare, are not taken for the one that is meant" {
	git init -q --bare bare
	git -C bare config core.worktree "$T"
	fails 'no git repository|bare' act git_commit '{message:"m",working_dir:"bare"}'
}

@test "checkout and pull, done or taken back, write over no ignored file, and fetch no ref that nobody asked for" {
	echo .env >.git/info/exclude
	echo mine >.env
	git checkout -q -b with
	git add -f .env
	git commit -qm env
	git clone -q --bare . "$T/served.git"
	git -C "$T/served.git" update-server-info
	git checkout -q main
	echo secret >.env
	fails 'would be overwritten' act git_checkout '{branch:"with"}'
	[ "$(cat .env)" = secret ]
	(cd "$T/served.git" && exec python3 -u -m http.server --bind 127.0.0.1 0 >"$T/port" 2>/dev/null) &
	local server=$!
	wait_for 10 grep -q port "$T/port"
	git remote add origin "http://127.0.0.1:$(sed 's/.* port \([0-9]*\).*/\1/' "$T/port")/"
	git config remote.origin.fetch '+refs/heads/*:refs/heads/*'
	git branch -f with main
	fails 'would be overwritten' act git_pull '{branch:"with"}' '{insecure_http:true}'
	[ "$(cat .env)" = secret ]
	[ "$(git rev-parse with)" = "$(git rev-parse main)" ]
	# back: what the pull took away has been made anew
	git -C "$T/served.git" read-tree with
	git -C "$T/served.git" rm -q --cached .env
	local gone
	gone=$(git -C "$T/served.git" commit-tree -m gone -p with "$(git -C "$T/served.git" write-tree)")
	git -C "$T/served.git" update-ref refs/heads/with "$gone"
	git -C "$T/served.git" update-server-info
	rm .env
	git fetch -q "$T/served.git" with
	git merge -q --ff-only "$gone~1"
	act git_pull '{branch:"with"}' '{insecure_http:true}'
	echo secret >.env
	expect 2 back
	[ "$(cat .env)" = secret ]
	[ "$(git rev-parse main)" = "$gone" ] && [ "$(git branch --show-current)" = main ]
	rm .env
	back
	[ "$(cat .env)" = mine ] && [ "$(git rev-parse main)" = "$(git rev-parse "$gone~1")" ] && [ "$(git symbolic-ref HEAD)" = refs/heads/main ]
	kill $server
}

@test "planted: a section for the very address that the action is for, and what a worktree's own configuration holds" {
	trap_program
	local url=https://localhost:1/x
	git config "remote.$url.url" https://evil.example/x
	fails 'could lead elsewhere' act git_push '{}' "{remote:\"$url\"}"
	git config --remove-section "remote.$url"
	git remote add origin $url
	git config extensions.worktreeConfig true
	git config --worktree url.https://evil.example/.insteadOf $url
	fails 'could lead elsewhere' act git_push '{}'
	git config --worktree --unset-all url.https://evil.example/.insteadOf
	git config --worktree --add remote.origin.url https://evil.example/x
	fails 'more than one address' act git_push '{}'
	git config --worktree filter.f.clean "$T/trap"
	echo '* filter=f' >.gitattributes
	fails 'filter.f.clean' act git_commit '{message:"m"}'
	rm .git/config.worktree
	act git_commit '{message:"m"}'
	[ ! -e "$T/sprung" ]
}
