load ../lib/envpod
setup() { envpod_setup; }
teardown() { envpod_teardown; }

@test "no command: help on stdout, status 0" {
	run envpod
	[ "$status" -eq 0 ]
	[[ $output == *commit* ]]
}

@test "--version names the version of the VERSION file" {
	[ "$(envpod --version)" = "envpod $(cat "$TOP/VERSION")" ]
}

@test "an unknown command is a usage error with the nearest word" {
	expect 64 envpod comit
	[[ $output == *"did you mean commit"* ]]
}

@test "an unknown option is a usage error with the nearest word" {
	expect 64 envpod ls --jsno
	[[ $output == *"--json"* ]]
}

@test "about says the licence" {
	[[ $(envpod about) == *Apache-2.0* ]]
}
