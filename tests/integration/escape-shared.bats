# Two pods that share a directory, each helping the other out of its walls.
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj" "$T/shared"
	cd "$T/proj"
	echo host >f
	printf 'filesystem: {mounts: [{path: %s, permissions: ReadWrite}]}\n' "$T/shared" >"$T/pod.yaml"
	write_agents
}

teardown()
{
	envpod kill two 2>/dev/null || true
	envpod_teardown
}

# one.py sends a file and its directory through a socket and ends; two.py keeps both.
write_agents()
{
	cat >"$T/shared/one.py" <<'EOF'
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1] + "/socket")
open("f", "w").write("reviewed\n")
fds = [os.open("f", os.O_RDWR), os.open(".", os.O_RDONLY)] if sys.argv[2] == "both" else \
	[os.open("/dev/null", os.O_RDONLY), os.open(".", os.O_RDONLY)]
s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
EOF
	cat >"$T/shared/two.py" <<'EOF'
import array, os, socket, sys, time
os.chdir(sys.argv[1])
s = socket.socket(socket.AF_UNIX)
s.bind("socket")
s.listen()
open("ready", "w").close()
a = s.accept()[0].recvmsg(9, socket.CMSG_SPACE(8))[1]
fds = array.array("i", a[0][2])
open("has", "w").close()
while not os.path.exists("go"):
	time.sleep(0.02)
log = open("log", "w")
for way in (lambda: fds[0], lambda: os.open("f", os.O_WRONLY, dir_fd=fds[1])):
	try:
		os.pwrite(way(), b"EVIL\n", 100)
		log.write("written\n")
	except OSError as e:
		log.write(e.strerror + "\n")
log.close()
open("done", "w").close()
EOF
}

# attack WHAT: pod one works and ends, its change is committed, pod two writes to what it was sent.
attack()
{
	envpod init one -c "$T/pod.yaml" >/dev/null
	envpod init two -c "$T/pod.yaml" >/dev/null
	envpod run -b two -- python3 "$T/shared/two.py" "$T/shared" 2>"$T/err"
	wait_for 20 test -e "$T/shared/ready"
	envpod run -w one -- python3 "$T/shared/one.py" "$T/shared" "$1" 2>"$T/err"
	wait_for 20 test -e "$T/shared/has"
	envpod commit one f
	touch "$T/shared/go"
	wait_for 20 test -e "$T/shared/done"
	cat "$T/shared/log"
	[ "$(cat f)" = reviewed ]
}

@test "root: a file that was handed on before the pod ended, written to after the commit" {
	attack both
	[ "$(head -1 "$T/shared/log")" = written ] # to what the pod has, not to what the host has
}

@test "root: its directory alone" {
	attack directory
	[ "$(tail -1 "$T/shared/log")" = written ]
}

@test "user: the same directory, whose files are the user's own" {
	export SUDO_UID=1000 SUDO_GID=1000
	chown -R 1000:1000 "$T/proj" "$T/shared"
	attack directory
	[ "$(tail -1 "$T/shared/log")" = written ]
}
