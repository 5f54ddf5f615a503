load ../lib/envpod
load pod
have_strace() { strace -o /dev/null true 2>/dev/null; }
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

# A home for a person 1000 and one for 1001, on a tmpfs, with things to hide.
homes='mount -t tmpfs none /home; mkdir -p /home/ann/.ssh /home/ann/proj /home/bob; echo key >/home/ann/.ssh/id
	echo work >/home/ann/proj/f; echo bob >/home/bob/f; chown -R 1000:1000 /home/ann; chown -R 1001:1001 /home/bob
	cp /etc/passwd "$T/passwd"; sed -i "/:100[01]:/d" "$T/passwd"
	echo ann:x:1000:1000::/home/ann:/bin/sh >>"$T/passwd"; echo bob:x:1001:1001::/home/bob:/bin/sh >>"$T/passwd"
	mount --bind "$T/passwd" /etc/passwd; export SUDO_UID=1000 SUDO_GID=1000;'

@test "secrets of the host are not there, also by listing" {
	pod web
	in_view web 'for f in etc/shadow etc/gshadow etc/sudoers etc/ssh/ssh_host_rsa_key; do [ ! -e $f ] || exit 1; done
		! ls -a etc | grep -qx -e shadow -e gshadow'
	# Not vacuous: the host has one of them.
	[ -s /etc/shadow ]
}

@test "the person's secrets, everybody else's homes, root's" {
	apart "$homes"'pod web
		in_view web "[ ! -e home/ann/.ssh ] && [ \$(cat home/ann/proj/f) = work ] && [ ! -e home/bob ] &&
			[ -d root ] && [ -z \"\$(ls -A root)\" ]"
		[ -n "$(ls -A /root)" ]'
}

@test "a name that the host does not have yet is hidden when it comes" {
	apart "$homes"'pod web
		mkdir /home/ann/.aws; echo s >/home/ann/.aws/credentials
		in_view web "[ ! -e home/ann/.aws ]"'
}

@test "a match of a pattern that comes later is hidden at the next view" {
	apart "$homes"'pod web
		in_view web "[ -d home/ann ]"
		echo s >/home/ann/new.kdbx; mkdir /home/carl; echo s >/home/carl/f
		in_view web "[ ! -e home/ann/new.kdbx ] && [ ! -e home/carl ]"'
}

@test "mask adds, reveal makes exceptions, also within a masked directory" {
	apart "$homes"'mkdir /home/ann/.docker; echo 1 >/home/ann/.docker/config.json; echo 2 >/home/ann/.docker/other
		echo x >/home/ann/proj/a.pem; echo x >/home/ann/proj/b.txt
		pod web "filesystem: {mask: [~/proj/*.pem], reveal: [~/.ssh, ~/.docker/config.json]}"
		in_view web "cd home/ann && [ \$(cat .ssh/id) = key ] && [ ! -e proj/a.pem ] && [ -e proj/b.txt ] &&
			[ \"\$(ls -A .docker)\" = config.json ]"
		# The rest of a directory that was taken apart stays hidden, new names too.
		echo 3 >/home/ann/.docker/third
		in_view web "[ \"\$(ls -A home/ann/.docker)\" = config.json ]"'
}

@test "the state and run directories are hidden whatever is revealed" {
	need tmpfs_ids
	apart 'mount -t tmpfs none /mnt; mkdir /mnt/run; chmod 700 /mnt/run
		export ENVPOD_STATE_DIR=/mnt/state ENVPOD_RUN_DIR=/mnt/run
		pod web "filesystem: {reveal: [/mnt/state, /mnt/run, /mnt]}"
		in_view web "[ ! -e mnt/state ] && [ ! -e mnt/run ] && [ -d mnt ]"'
}

@test "a working directory that holds the state shows all but it" {
	pod web
	echo here >"$T/file"
	pod-mount enter -w "$T" web -- sh -c "[ \$(cat ./$T/file) = here ] && [ ! -e ./$T/state ] && [ ! -e ./$T/run ]"
}

@test "what the person could not read and no package owns is hidden" {
	apart "$homes"'mount -t tmpfs none /srv
		mkdir -m 700 /srv/vault; echo s >/srv/vault/s; mkdir -m 755 /srv/open; echo o >/srv/open/o
		echo s >/srv/key; chmod 600 /srv/key; echo o >/srv/pub; chmod 644 /srv/pub
		echo a >/srv/anns; chmod 600 /srv/anns; chown 1000 /srv/anns; : >/srv/empty; chmod 600 /srv/empty
		pod web
		in_view web "cd srv && [ \"\$(ls -A | sort | tr \"\n\" \" \")\" = \"anns empty open pub \" ]"
		# Later ones as well: the directory is watched.
		echo s >/srv/key2; chmod 600 /srv/key2
		in_view web "[ ! -e srv/key2 ]"
		echo "filesystem: {reveal: [/srv/key]}" >"$T/web2.yaml"'
}

@test "private files that belong to a package stay" {
	dir=$(find /etc /var -maxdepth 2 -xdev -user root ! -perm -o=r -type d 2>/dev/null |
		while read -r d; do dpkg -S "$d" >/dev/null 2>&1 && { echo "$d"; break; }; done)
	[ -n "$dir" ] || not_here "no private directory of a package"
	grep -q "^$dir\$" "$TOP/share/masks/secrets" && not_here "$dir is on the list"
	pod web
	in_view web "[ -d ./$dir ]"
}

@test "whatever became private since the last pod is hidden from the next" {
	[ -d /etc/opt ] || not_here "no /etc/opt"
	apart "$homes"'mount -t tmpfs none /srv; mount -t tmpfs none /etc/opt; mkdir -p /etc/opt/a/b
		echo o | tee /srv/mode /srv/owner >/etc/opt/a/b/deep; chown 1000 /srv/owner; chmod 600 /srv/owner
		pod one
		in_view one "cat srv/mode srv/owner etc/opt/a/b/deep"
		# None of these changes the time of a directory, but the last.
		chmod 600 /srv/mode /etc/opt/a/b/deep; chown 0 /srv/owner; echo s >/srv/new; chmod 600 /srv/new
		pod two
		in_view two "[ -z \"\$(ls -A srv)\" ] && [ ! -e etc/opt/a/b/deep ]"'
}

@test "private files are hidden once their package is removed, shown once it is there" {
	export -f wait_for
	apart "$homes"'mount -t tmpfs none /srv; echo s >/srv/pkg; chmod 600 /srv/pkg
		mount -t tmpfs none /var/lib/dpkg/info; printf "/.\n/srv\n/srv/pkg\n" >/var/lib/dpkg/info/some.list
		pod web
		in_view web "[ -e srv/pkg ]"
		# What packages own is kept for all pods, once no list has changed for a moment.
		wait_for 10 sh -c "pod-mount prepare web && [ -e $ENVPOD_STATE_DIR/cache/packaged ]"
		in_view web "[ -e srv/pkg ]"
		mv /var/lib/dpkg/info/some.list /srv/
		pod two
		in_view two "[ ! -e srv/pkg ]"
		mv /srv/some.list /var/lib/dpkg/info/
		pod three
		in_view three "[ -e srv/pkg ]"'
}

@test "a hidden link hides what it points to" {
	apart "$homes"'mv /home/ann/.ssh /home/ann/keys; ln -s keys /home/ann/.ssh; pod web
		in_view web "[ ! -e home/ann/.ssh ] && [ ! -L home/ann/.ssh ] && [ ! -e home/ann/keys ]"'
}

@test "a bind of the same directory hides the same" {
	apart "$homes"'mkdir /home/twin; mount --bind /home/ann /home/twin; mount -t tmpfs none /srv; mkdir /srv/h
		mount --bind /home/ann /srv/h; pod web
		in_view web "[ -d srv/h/proj ] && [ ! -e srv/h/.ssh ]"'
}

@test "the mask holds when a parent is renamed in the pod" {
	apart "$homes"'pod web
		in_view web "mv home/ann home/zoe && [ ! -e home/zoe/.ssh ] && [ -e home/zoe/proj/f ]"
		in_view web "[ ! -e home/zoe/.ssh ] && [ -e home/zoe/proj/f ]"'
}

@test "the agent may make a masked name its own" {
	apart "$homes"'pod web
		in_view web "mkdir home/ann/.ssh && echo mine >home/ann/.ssh/config"
		in_view web "[ \"\$(ls -A home/ann/.ssh)\" = config ]"
		[ "$(ls -A /home/ann/.ssh)" = id ]'
}

@test "a change of a mirrored directory shows at the next view" {
	need tmpfs_ids
	apart "$homes"'chmod 755 /home/ann; pod web
		[ "$(in_view web "stat -c %a home/ann")" = 755 ]
		chmod 711 /home/ann; setfattr -n user.note -v hi /home/ann
		[ "$(in_view web "stat -c %a home/ann; getfattr --only-values -n user.note home/ann" | tr "\n" " ")" = "711 hi" ]'
}

@test "nothing changed: the mask is not written anew" {
	pod web
	in_view web true
	before=$(stat -c %i "$ENVPOD_STATE_DIR/pods/web/mask" "$ENVPOD_STATE_DIR/pods/web/mask.list")
	in_view web true
	[ "$(stat -c %i "$ENVPOD_STATE_DIR/pods/web/mask" "$ENVPOD_STATE_DIR/pods/web/mask.list")" = "$before" ]
}

@test "another working directory: what takes long is not found out again" {
	mkdir "$T/a" "$T/b"
	pod web
	list=$ENVPOD_STATE_DIR/pods/web/mask.list
	(cd "$T/a" && pod-mount enter -w "$T/a" web -- true)
	sed -i '2i mask h sg /usr/share/nothing-of-this-name' "$list"
	pod-mount enter -w "$T/b" web -- true
	grep -q '^mask h sg /usr/share/nothing-of-this-name$' "$list"
	# Not vacuous: another pod file asks anew.
	sed -i 's/^\(envpod-mask 1 .*\) .*/\1 0000000000000001/' "$list"
	pod-mount enter -w "$T/b" web -- true
	refute grep -q nothing-of-this-name "$list"
}

@test "a look at the host fails: no mask, or the whole of it" {
	local n hit want failed=0 same=0
	PATH=$B/tests/lib:$PATH
	pod web
	list=$ENVPOD_STATE_DIR/pods/web/mask.list
	want=$(grep '^mask' "$list")
	for ((n = 7; ; n += 83)); do
		run inject -r -o "$T/hit" EIO "$n" pod-mount prepare web
		read -r hit _ <"$T/hit"
		[ "$hit" = hit ] || break
		[ "$status" -eq 0 ] || { failed=$((failed + 1)); continue; }
		same=$((same + 1))
		diff <(echo "$want") <(grep '^mask' "$list")
	done
	[ $failed -ge 8 ]
	pod-mount prepare web
	diff <(echo "$want") <(grep '^mask' "$list")
}

@test "kill -9 at any point of writing it anew: the next view hides what there is then" {
	need strace
	apart "$homes"'mount -t tmpfs none /srv; echo s >/srv/one; chmod 600 /srv/one; pod web
		for n in $(seq 60); do
			mv /srv/one /srv/two
			strace -qq -o /dev/null -e trace=renameat,renameat2,write -e inject="renameat,renameat2,write:signal=KILL:when=$n" \
				pod-mount enter web -- true >/dev/null 2>&1 && break
			mv /srv/two /srv/one
			in_view web "[ ! -e srv/one ]"
		done
		[ "$n" -ge 4 ] && [ "$n" -lt 60 ] && in_view web "[ ! -e srv/two ]"'
}

@test "files of its own: hostname, hosts, resolv.conf, nsswitch.conf" {
	pod web
	in_view web '[ "$(cat etc/hostname)" = web ] && grep -q "127.0.1.1.web" etc/hosts &&
		grep -q "^nameserver 127.0.0.1" etc/resolv.conf && grep -q "^hosts: *files dns$" etc/nsswitch.conf'
	# They are files like others: editors replace them by rename.
	in_view web 'sed -i s/web/web2/ etc/hosts && grep -q web2 etc/hosts'
	refute grep -q web2 /etc/hosts
}

@test "view minimal: the system, an empty home, the working directory" {
	apart "$homes"'mount -t tmpfs none /srv; echo x >/srv/f
		pod web "filesystem: {view: minimal}"
		pod-mount enter -w /home/ann/proj web -- sh -c "[ -x usr/bin/env ] && [ -e etc/passwd ] && [ ! -e etc/shadow ] &&
			[ \"\$(ls -A home)\" = ann ] && [ \"\$(ls -A home/ann)\" = proj ] && [ \$(cat home/ann/proj/f) = work ] &&
			[ -z \"\$(ls -A srv)\" ] && [ -z \"\$(ls -A root)\" ] && echo pod >home/ann/proj/f"
		[ "$(cat /home/ann/proj/f)" = work ]
		# Its changes are still there when the directory is not named again.
		[ "$(in_view web "cat home/ann/proj/f")" = pod ]'
}

@test "view minimal: a directory of the root that is not known is hidden" {
	pod web 'filesystem: {view: minimal}'
	for dir in /*; do
		case $dir in
		/bin | /etc | /lib* | /sbin | /usr | /var | /dev | /proc | /sys | /run | /tmp) continue ;;
		/home | /mnt | /media | /opt | /root | /srv) in_view web "[ -d .$dir ]" ;;
		*) in_view web "[ ! -e '.$dir' ]" ;;
		esac
	done
}

@test "view minimal: masks hold in the working directory" {
	apart "$homes"'echo s >/home/ann/proj/a.pem
		pod web "filesystem: {view: minimal, mask: [~/proj/*.pem]}"
		pod-mount enter -w /home/ann/proj web -- sh -c "[ \"\$(ls -A home/ann/proj)\" = f ]"'
}

@test "apps under view minimal" {
	apart "$homes"'mkdir -p /home/ann/.local/bin /home/ann/.local/share/claude; echo "#!/bin/sh" >/home/ann/.local/share/claude/claude
		chmod 755 /home/ann/.local/share/claude/claude; ln -s ../share/claude/claude /home/ann/.local/bin/claude
		echo no >/home/ann/.local/bin/other
		pod web "filesystem: {view: minimal, apps: [claude]}"
		in_view web "[ -x home/ann/.local/share/claude/claude ] && [ -L home/ann/.local/bin/claude ] && [ ! -e home/ann/.local/bin/other ] && [ ! -e home/ann/proj ]"'
}

@test "a working directory in somebody else's home shows it alone; a secret one is refused" {
	apart "$homes"'mkdir /home/bob/p; echo p >/home/bob/p/f; pod web
		pod-mount enter -w /home/bob/p web -- sh -c "[ \"\$(ls -A home/bob)\" = p ] && [ \$(cat home/bob/p/f) = p ]"
		pod-mount enter --status-fd 5 -w /home/ann/.ssh web -- true 5>"$T/status" && exit 1
		jq -e ".reason_status == 3" "$T/status"'
}

@test "a torn mask.list is made anew" {
	pod web
	truncate -s 200 "$ENVPOD_STATE_DIR/pods/web/mask.list"
	in_view web '[ ! -e etc/shadow ]'
	: >"$ENVPOD_STATE_DIR/pods/web/mask.list"
	in_view web '[ ! -e etc/shadow ]'
}

@test "state and run directory are hidden under every name the host has for them" {
	apart 'mount -t tmpfs none /srv; mkdir -p -m 700 /srv/disk/state /srv/disk/run /srv/twin /srv/part /srv/all
		mount --bind /srv/disk/state "$T/state"; mount --bind /srv/disk/run "$T/run"
		pod web
		mount --bind "$T/state" /srv/twin; mount --bind /srv/disk /srv/all
		for dir in disk/state disk/run twin all/state all/run; do
			in_view web "[ -d srv/all ] && [ ! -e srv/$dir ]" || { echo "$dir shows"; exit 1; }
		done
		mount --bind "$T/state/pods" /srv/part
		in_view web "[ ! -e srv/part ]"
		umount /srv/part
		in_view web "[ -d srv/part ]"'
}
