#!/usr/bin/env bats
# Completions are made from the option tables, so they know every command and option there is.
load ../lib/envpod

setup()
{
	envpod_setup
	mkdir "$T/bin"
	# Pods are listed by `envpod ls -z`: two of them, without making any.
	cat >"$T/bin/envpod" <<-END
	#!/bin/sh
	[ "\$1 \$2" = "ls -z" ] || exit 1
	printf 'web\0api\0'
	END
	chmod +x "$T/bin/envpod"
}
teardown() { envpod_teardown; }

# What bash offers for a command line whose last word is being completed.
offers()
{
	envpod completions bash >"$T/bash"
	PATH=$T/bin:$PATH bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _envpod
		printf "%s\n" "${COMPREPLY[@]}"' "$T/bash" "$@" | sort -u
}

@test "completions bash: commands, options, pods, shells" {
	[ "$(offers envpod rol)" = rollback ]
	[ "$(offers envpod run --status)" = --status-fd ]
	[ "$(offers envpod destroy '' | xargs)" = 'api web' ]
	[ "$(offers envpod destroy web a)" = api ]
	[ "$(offers envpod completions z)" = zsh ]
	[ "$(offers envpod run web -- mktem)" = mktemp ]
}

@test "completions bash: options of commands that another tool carries out" {
	[[ $(offers envpod diff --) == *--exit-code* ]]
	[[ $(offers envpod commit --) == *--rollback-rest* ]]
	[ "$(offers envpod vault web unl)" = unlock ]
	[ "$(offers envpod vault we)" = web ]
}

@test "completions bash: every option of every command is offered" {
	local command option
	while IFS=$'\t' read -r command _; do
		while IFS=$'\t' read -r option _; do
			[ -z "$option" ] || offers envpod "$command" "$option" | grep -qx -- "$option" ||
				{ echo "$command $option is not offered"; return 1; }
		done < <(envpod "$command" --complete)
	done < <(envpod --complete)
}

@test "completions zsh and fish: their shells read them" {
	envpod completions zsh >"$T/zsh"
	envpod completions fish >"$T/fish"
	zsh -n "$T/zsh"
	fish -n "$T/fish"
	run fish -c 'set -x PATH '"$T/bin"' $PATH; source '"$T/fish"'; complete -C "envpod run --stat"; complete -C "envpod run a"; complete -C "envpod vault unl"'
	[[ $output == *--status-fd* ]]
	[[ $output == *api* && $output == *unlock* ]]
	grep -q -- '--rollback-rest' "$T/zsh"
}

@test "completions for an unknown shell: usage" {
	expect 64 envpod completions tcsh
	[[ $output == *bash*zsh*fish* ]]
}
