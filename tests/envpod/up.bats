load ../lib/envpod
setup() { envpod_setup; need root overlay userns; mkdir "$T/My Project" && cd "$T/My Project"; }
teardown() { envpod_teardown; }

@test "up makes the pod of this directory once and runs in it" {
	echo host >file
	run envpod up -- sh -c 'echo pod >file; pwd'
	[ "$status" -eq 0 ]
	[[ $output == *"$T/My Project" ]]
	[ "$(cat .envpod/pod-name)" = my-project ]
	[ "$(cat file)" = host ]
	[ "$(envpod up cat file)" = pod ]
	[ "$(envpod ls -z | tr '\0' ' ')" = "my-project " ]
}

@test "up reads the pod file of the directory, and . is up" {
	printf 'env:\n  COLOUR: green\n' >pod.yaml
	[ "$(envpod . -- sh -c 'echo $COLOUR')" = green ]
}

@test "a .gitignore that is there learns about .envpod/, once" {
	printf 'build' >.gitignore
	envpod up true
	envpod up true
	[ "$(cat .gitignore)" = "$(printf 'build\n.envpod/')" ]
}

@test "a taken name gets a number" {
	envpod init my-project >/dev/null
	envpod up true
	[[ $(cat .envpod/pod-name) =~ ^my-project-[0-9]{4}$ ]]
}

@test "--reinit starts over" {
	envpod up -- sh -c 'echo x >made'
	envpod up --reinit -- sh -c '[ ! -e made ]'
}
