# The transcript users of the existing product know must work as written.
load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

@test "init, run, diff, commit src/ --rollback-rest as in the transcript" {
	project=$(mktemp -d "$T/project.XXXXXX")
	cd "$project"
	mkdir src tests
	echo '[user]' >.gitconfig
	echo 'print("main")' >src/main.py
	echo 'old' >tests/old_test.py
	before=$(hashes .)

	envpod init my-agent
	envpod run -w my-agent -- sh -c '
		echo "[alias]" >>.gitconfig
		echo "def util(): pass" >src/utils.py
		echo "def helper(): pass" >src/helper.py
		rm tests/old_test.py
		mkdir node_modules
		for i in $(seq 47); do echo "$i" >node_modules/$i.js; done'
	[ "$(hashes .)" = "$before" ]

	run envpod diff my-agent
	[ "$status" -eq 0 ]
	for line in 'M  .gitconfig' 'A  src/utils.py' 'A  src/helper.py' 'D  tests/old_test.py' \
		'A  node_modules/...  (47 files)'; do
		printf '%s\n' "${lines[@]}" | grep -qF -- "$line" || { echo "no line: $line"; echo "$output"; false; }
	done

	run envpod commit my-agent src/ --rollback-rest
	[ "$status" -eq 0 ]
	[ "$output" = "Committed 2 file(s). Rolled back 49." ]
	[ "$(cat src/utils.py)" = 'def util(): pass' ]
	rm src/utils.py src/helper.py
	[ "$(hashes . | grep -v ' \./src ')" = "$(grep -v ' \./src ' <<<"$before")" ]
	run envpod diff my-agent
	[ -z "$(envpod diff -z my-agent)" ]
}
