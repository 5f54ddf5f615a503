#!/usr/bin/env bats
# What plugins say, and under what walls they say it.
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	own_plugins
}
teardown() { envpod_teardown; }

@test "the worked example: listed, found, planned" {
	pod-plugin list >"$T/out"
	grep -q '^null  *the worked example$' "$T/out"
	[ "$(pod-plugin list --json | jq -r 'select(.plugin == "null") | .path')" = "$T/plugins/null.so" ]
	[ "$(pod-plugin probe null | head -n1)" = "null: here" ]
	[ "$(pod-plugin plan null)" = '{"need":"env","name":"POD_NULL","value":"nothing"}' ]
	[ "$(pod-plugin plan null 'say=a "b"' | jq -r .value)" = 'a "b"' ]
}

@test "options that it does not know are errors, in its own words" {
	run -2 --separate-stderr pod-plugin plan null twice
	[ "$stderr" = "pod-plugin: plugin null: the only option is say=TEXT" ]
}

@test "a plugin that there is none of: 2; a name that is none: 78" {
	run -2 pod-plugin plan gpu-none
	[[ "$output" == *"find plugin gpu-none in $T/plugins"* ]]
	run -78 pod-plugin plan ../null
	run -78 pod-plugin plan toy-x
	run -78 pod-plugin plan gpu_x
}

@test "a program in any language says the same" {
	shell_plugin gpu-toy 'case $1 in
		describe) echo "{\"plugin\":\"gpu-toy\",\"abi\":1,\"summary\":\"a toy\"}" ;;
		probe) echo "{\"log\":\"found\",\"text\":\"it\"}" ;;
		plan) echo "{\"need\":\"env\",\"name\":\"NVIDIA_TOY\",\"value\":\"$2 $ENVPOD_POD_NAME\"}" ;;
		esac'
	pod-plugin list | grep -q '^gpu-toy  *a toy$'
	[ "$(pod-plugin probe gpu-toy --json | jq -c '[.here, .found]')" = '[true,["it"]]' ]
	[ "$(pod-plugin plan --pod web gpu-toy a=b | jq -r .value)" = "a=b web" ]
}

@test "probe: 1 where a plugin that was named finds nothing, and the others are told all the same" {
	shell_plugin gpu-toy 'exit 1'
	run -1 pod-plugin probe gpu-toy null
	[ "${lines[0]}" = "gpu-toy: not on this machine" ]
	[ "${lines[1]}" = "null: here" ]
	pod-plugin probe >"$T/all"
	grep -q '^gpu-toy: not on this machine$' "$T/all"
	run -1 pod-plugin plan gpu-toy
}

@test "what it says wrongly is refused, not skipped" {
	local line
	for line in 'no json' '{"need":"magic","path":"/x"}' '{"need":"device","path":"/dev/dri/renderD128","mode":"rw"}' \
		'{"need":"device"}' '{"need":"device","path":"dri"}' '{"need":"device","path":"/dev/../etc"}' \
		'{"need":"env","name":"A B","value":""}' '{"need":"env","name":"NVIDIA_A","value":"x","value":"y"}' \
		'{"plugin":"gpu-toy","abi":1,"summary":"now?"}' '{"log":"found"}' '{"need":"env"} {}'; do
		shell_plugin gpu-toy "echo '$line'"
		run -2 pod-plugin plan gpu-toy
		[[ "$output" == "pod-plugin: plugin gpu-toy: "* ]]
	done
	shell_plugin gpu-toy 'printf "{\"need\":\"env\",\"name\":\"NVIDIA_A\",\"value\":\"x\"}"'
	run -2 pod-plugin plan gpu-toy
	shell_plugin gpu-toy 'yes "{\"log\":\"note\",\"text\":\"on and on\"}"'
	run -2 pod-plugin plan gpu-toy
	[[ "$output" == *"it says more than it may"* ]]
}

@test "a name that is another's, another interface: refused" {
	shell_plugin gpu-toy 'echo "{\"plugin\":\"gpu-other\",\"abi\":1,\"summary\":\"x\"}"'
	run -2 pod-plugin list
	[[ "$output" == *"plugin gpu-toy: it says what nobody understands: its file is not called as it calls itself"* ]]
	shell_plugin gpu-toy 'echo "{\"plugin\":\"gpu-toy\",\"abi\":2,\"summary\":\"x\"}"'
	run -2 pod-plugin list
	[[ "$output" == *"another version of envpod's interface"* ]]
	cp "$ENVPOD_PLUGIN_PATH/null.so" "$ENVPOD_PLUGIN_PATH/gpu-null.so"
	run -2 pod-plugin plan gpu-null
	[[ "$output" == *"its file is not called as it calls itself"* ]]
	printf 'int nothing;\n' >"$T/x.c"
	cc -shared -fPIC -o "$ENVPOD_PLUGIN_PATH/gpu-x.so" "$T/x.c"
	run -2 pod-plugin plan gpu-x
	[[ "$output" == *"pod_plugin"* ]]
}

@test "a file, or a directory, that others may write to is not trusted" {
	chmod 775 "$ENVPOD_PLUGIN_PATH"
	run -3 pod-plugin plan null
	[[ "$output" == *"others may write to it"* ]]
	chmod 755 "$ENVPOD_PLUGIN_PATH"
	chmod 666 "$ENVPOD_PLUGIN_PATH/null.so"
	run -3 pod-plugin plan null
	chmod 644 "$ENVPOD_PLUGIN_PATH/null.so"
	chown 12345 "$ENVPOD_PLUGIN_PATH/null.so"
	run -3 pod-plugin plan null
	[[ "$output" == *"belongs neither to root nor to you"* ]]
	chown 0 "$ENVPOD_PLUGIN_PATH/null.so"
	mv "$ENVPOD_PLUGIN_PATH/null.so" "$T/"
	ln -s "$T/null.so" "$ENVPOD_PLUGIN_PATH/null.so"
	run -2 pod-plugin plan null
}

@test "it runs as nobody, without capabilities, network, and a file that it could write" {
	shell_plugin gpu-toy 'say() { echo "{\"log\":\"found\",\"text\":\"$1\"}"; }
		say "$(id -u):$(id -g):$(id -G)"
		say "$(sed -n "s/^CapEff:\t//p" /proc/self/status) $(sed -n "s/^NoNewPrivs:\t//p" /proc/self/status)"
		say "$(ls /sys/class/net | tr "\n" " ")$(cat /proc/net/route | wc -l)"
		say "$( (: >/tmp/plugin-was-here) 2>/dev/null && echo wrote; (: >/dev/shm/plugin-was-here) 2>/dev/null && echo wrote)"
		say "$(env | cut -d = -f 1 | sort | tr "\n" " ")"'
	SECRET=1 pod-plugin probe --json gpu-toy >"$T/out"
	[ "$(jq -r '.found[0]' "$T/out")" = 65534:65534:65534 ]
	[ "$(jq -r '.found[1]' "$T/out")" = "0000000000000000 1" ]
	[ "$(jq -r '.found[2]' "$T/out" | grep -c .)" = 1 ]
	[ "$(jq -r '.found[2]' "$T/out" | grep -o '.$')" -le 1 ]
	[ "$(jq -r '.found[3]' "$T/out")" = "" ]
	[ "$(jq -r '.found[4]' "$T/out")" = "ENVPOD_POD_NAME LANG PATH PWD " ]
	[ "$(pod-plugin probe --json --user 1234:1235 gpu-toy | jq -r '.found[0]')" = 1234:1235:1235 ]
	run -64 pod-plugin probe --user 0:0 gpu-toy
}

@test "a shared object has no more: no capability, no file that it could write" {
	cat >"$T/x.c" <<-'END'
		#include <envpod/plugin.h>
		#include <fcntl.h>
		#include <stdio.h>
		#include <stddef.h>
		#include <unistd.h>
		#include <sys/socket.h>
		static int probe(const struct pod_host *h)
		{
			char text[200];
			snprintf(text, sizeof(text), "%d %d %d", (int)getuid(), open("/tmp/so-was-here", O_CREAT | O_WRONLY, 0600),
				open("/etc/shadow", O_RDONLY));
			h->log(h->ctx, POD_LOG_FOUND, text);
			return 0;
		}
		static int plan(const struct pod_host *h, const struct pod_ask *a) { (void)h; (void)a; return 0; }
		const struct pod_plugin pod_plugin = {.abi = POD_ABI, .size = sizeof(struct pod_plugin), .name = "x", .kind = "gpu",
			.summary = "x", .probe = probe, .plan = plan};
	END
	cc -I"$TOP/include" -shared -fPIC -o "$ENVPOD_PLUGIN_PATH/gpu-x.so" "$T/x.c"
	[ "$(pod-plugin probe --json gpu-x | jq -r '.found[0]')" = "65534 -1 -1" ]
}

@test "a plugin that hangs, or whose child does, is ended" {
	shell_plugin gpu-toy 'sleep 1000 & echo $! >&2; exec sleep 1000'
	run -2 --separate-stderr pod-plugin plan gpu-toy
	[[ "$stderr" == *"it took too long"* ]]
	# Whose it is now may take its time to bury it.
	[[ "$(ps -o stat= -p "$(head -n1 <<<"$stderr")")" != [RSD]* ]]
}

@test "one that says no more, and does not end, is ended, too" {
	shell_plugin gpu-toy "trap '' ALRM; exec >&-; sleep 1000; sleep 1000"
	run -2 timeout 60 pod-plugin plan gpu-toy
	[[ "$output" == *"it took too long"* ]]
}

@test "one that dies says how" {
	shell_plugin gpu-toy 'kill -SEGV $$'
	run -2 pod-plugin plan gpu-toy
	[ "$output" = "pod-plugin: plugin gpu-toy: it died of signal 11" ]
}

@test "--judge: what its kind may not have is refused, with its name" {
	shell_plugin gpu-toy 'echo "{\"need\":\"device\",\"path\":\"$2\"}"'
	local path
	for path in /dev/dri/renderD128 /dev/kfd /dev/nvidia0 /dev/nvidia-caps/nvidia-cap1; do
		pod-plugin plan --judge gpu-toy "$path"
	done
	for path in /dev/sda /dev/mem /dev/dri/card0 /dev/dri/renderD128/x /dev/input/event0 /dev/nvidia0/../mem; do
		[ "$path" != /dev/nvidia0/../mem ] || continue
		run -3 pod-plugin plan --judge gpu-toy "$path"
		[[ "$output" == *"plugin gpu-toy wants"* ]]
	done
	shell_plugin gpu-toy 'echo "{\"need\":\"device\",\"path\":\"/dev/dri/card0\"}"'
	run -3 pod-plugin plan --judge gpu-toy
	[[ "$output" == *"primary=yes"* ]]
	pod-plugin plan --judge gpu-toy primary=yes
	shell_plugin gpu-toy 'echo "{\"need\":\"env\",\"name\":\"LD_PRELOAD\",\"value\":\"/x.so\"}"'
	run -3 pod-plugin plan --judge gpu-toy
}
