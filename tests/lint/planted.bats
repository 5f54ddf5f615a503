#!/usr/bin/env bats
# Each lint finds what it is there for: planted in a small tree of its own.
load ../lib/envpod

setup()
{
	envpod_setup
	unset GIT_DIR
	mkdir -p "$T/tree/tests" "$T/tree/tools/pod-x" "$T/tree/libcommon" "$T/tree/man" "$T/tree/docs"
	cp -R "$TOP/tests/lint" "$TOP/tests/lib" "$T/tree/tests/"
	cd "$T/tree"
	git init -q .
	printf '/* SPDX-License-Identifier: Apache-2.0 */\nint main(void)\n{\n\treturn 0;\n}\n' >tools/pod-x/main.c
}
teardown() { envpod_teardown; }

lint()
{
	run "tests/lint/$1"
}

# lines N: that many statements.
lines_of()
{
	local i
	for ((i = 0; i < $1; i++)); do echo "	x = $i;"; done
}

@test "lint functions: a long function, many long ones, a long file" {
	lint functions
	[ "$status" = 0 ]
	{ printf 'void f(void)\n{\n'; lines_of 101; echo '}'; } >tools/pod-x/long.c
	lint functions
	[ "$status" = 1 ]
	[[ $output == *'not ok 1'*'tools/pod-x/long.c:2: 101 lines'* ]]
	[[ $output == *'not ok 2'* ]]
	{ printf 'void f(void)\n{\n'; lines_of 601; echo '}'; } >tools/pod-x/long.c
	lint functions
	[[ $output == *'not ok 3'*'more than 600 lines'* ]]
}

@test "lint headers: one that needs another, one with a wrong guard" {
	printf '#ifndef LIBCOMMON_A_H\n#define LIBCOMMON_A_H\nsize_t a(void);\n#endif\n' >libcommon/a.h
	printf '#ifndef B_H\n#define B_H\nint b(void);\n#endif\n' >libcommon/b.h
	lint headers
	[[ $output == *'not ok 1'*'size_t'* ]]
	[[ $output == *'not ok 2'*'libcommon/b.h: the guard should be LIBCOMMON_B_H'* ]]
}

@test "lint words: banned calls, remarks, licences, paths" {
	lint words
	[ "$status" = 0 ]
	local spc='strc'
	printf 'void f(char *a)\n{\n\t%spy(a, "x");\n}\n// no\n' "$spc" >tools/pod-x/bad.c
	printf 'see /%s/main\n' work >docs/a.md
	lint words
	[[ $output == *'not ok 1'*'bad.c:3'* ]]
	[[ $output == *'not ok 4'*'bad.c:5'* ]]
	[[ $output == *'not ok 5'*'docs/a.md:1'* ]]
	[[ $output == *'not ok 7'*'bad.c: no SPDX line'* ]]
}

@test "lint manopts: options on the page are the program's, both ways" {
	mkdir -p "$T/b/bin"
	cat >"$T/b/bin/pod-x" <<-'END'
	#!/bin/sh
	case "$*" in
	--complete) printf 'go\t\tgoes\n' ;;
	'go --complete') printf -- '--fast\t\tfaster\n-f\t\tfaster\n--to\tDIR\twhere\n' ;;
	esac
	END
	chmod +x "$T/b/bin/pod-x"
	printf '.Sh DESCRIPTION\n.Ss go\n.Bl\n.It Fl f , Fl -fast\n.It Fl -to Ar dir\n.El\n' >man/pod-x.1
	B=$T/b lint manopts
	[ "$status" = 0 ]
	printf '.Sh DESCRIPTION\n.Ss go\n.It Fl f , Fl -fast\n.It Fl -away\n' >man/pod-x.1
	B=$T/b lint manopts
	[[ $output == *'on the page only:'*'go --away'*'in the program only'*'go --to'* ]]
	printf '.Sh DESCRIPTION\n' >man/pod-x.1
	B=$T/b lint manopts
	[[ $output == *'commands without an .Ss'*'go'* ]]
}

@test "lint house: a tool without page, tests, contract; a map that lies; a stray top-level file" {
	echo 'tools/pod-y/nothing.c' >docs/map.md
	touch stray
	lint house
	[[ $output == *'no man/pod-x.1'*'no tests/pod-x/'*'no tests/contract/pod-x'* ]]
	[[ $output == *'a document names tools/pod-y/nothing.c'* ]]
	[[ $output == *'at the top level: stray'* ]]
}

@test "lint format: a badly formatted file, a bad script, a bad page, a page that is not there" {
	cp "$TOP/.clang-format" .
	printf 'int   f( void );\n' >libcommon/f.h
	printf '#!/bin/sh\necho $1 $UNSET\ncd $1\n' >tests/bad.sh
	printf '.Dd $Mdocdate$\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Bogus\n.Xr pod-none 1\n' >man/x.1
	lint format
	[[ $output == *'not ok 1'*'libcommon/f.h'* ]]
	[[ $output == *'not ok 2'*'tests/bad.sh'* ]]
	[[ $output == *'not ok 4'*'man/x.1'* ]]
	[[ $output == *'not ok 5'*'pod-none(1)'* ]]
}
