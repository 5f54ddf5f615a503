load ../lib/envpod
setup() { envpod_setup; cd "$T"; mkdir -p "$ENVPOD_STATE_DIR/pods/web"; D=$ENVPOD_STATE_DIR/pods/web; }
teardown() { envpod_teardown; }

# plan KEY: its values, a line each.
plan() { sed -n "s/^$1 //p" "$D/plan"; }

compile() { pod-config compile --name web --into "$D" "$@"; }

@test "compile writes the user's words, pod.json and plan, for root's eyes alone" {
	printf 'user: root # mine\r\n' >pod.yaml
	umask 000
	compile --file pod.yaml
	cmp pod.yaml "$D/pod.yaml"
	jq -e '.name == "web" and .v == 1' "$D/pod.json"
	[ "$(plan name)" = web ]
	[ "$(stat -c %a "$D/pod.yaml" "$D/pod.json" "$D/plan" | sort -u)" = 600 ]
	[ "$(find "$D" -type f | wc -l)" -eq 3 ]
}

@test "the plan names its pod.json, ends with end, and has one key and value a line" {
	compile
	read -r word version inode mtime size <"$D/plan"
	[ "$word $version" = "envpod-plan 1" ]
	[ "$inode $size" = "$(stat -c '%i %s' "$D/pod.json")" ]
	[ "${mtime%?????????}" = "$(stat -c %Y "$D/pod.json")" ]
	[ "$(tail -n 1 "$D/plan")" = end ]
	refute grep -vxE 'end|[a-z_.]+ .*|envpod-plan .*' "$D/plan"
}

@test "without a file all is default, and pod.yaml is empty" {
	compile
	[ ! -s "$D/pod.yaml" ]
	[ "$(plan view) $(plan system) $(plan network) $(plan seccomp)" = "host safe isolated default" ]
	[ "$(plan tmp_size) $(plan shm_size)" = "104857600 67108864" ]
	[ "$(plan run.user) $(plan base)" = "root 524288" ]
	[ "$(plan user.uid) $(plan identity.uid) $(plan identity.gid)" = "0 0 0" ]
	[ "$(plan track.watch | tr '\n' ' ')" = "/home /opt /root /srv /workspace " ]
	[ -z "$(plan unbuilt)$(plan cpu.max)$(plan memory.max)$(plan pids.max)$(plan ephemeral)" ]
}

@test "every line of the plan has its key's value" {
	cat >pod.yaml <<-'END'
	type: ephemeral
	user: agent
	env: {A: "x y", B: "two\nlines", C: 'back\slash', D: ""}
	setup: [make, "printf 'a\\n'"]
	setup_script: s.sh
	start_command: [npm, "run it", ""]
	tools: {allowed_commands: [make, /usr/bin/npm]}
	audit: {action_log: no}
	filesystem:
	  view: minimal
	  system_access: dangerous
	  mount_cwd: yes
	  workspace: /workspace/a
	  mask: [/opt/*.key]
	  reveal: [/opt/a.key]
	  apps: [node]
	  tracking: {watch: [], ignore: [/var/tmp]}
	  mounts:
	    - /opt/a
	    - {path: "/opt/b c\\d", target: /data, permissions: rw}
	    - {path: /opt/e, permissions: rw, cow: yes}
	processor: {cores: 1.25, cpu_weight: 50, cpu_affinity: "0,1", memory: 1GB, memory_high: 512MB, memory_swap: 0, max_pids: 99, tmp_size: 1MB}
	security: {seccomp_profile: STRICT, shm_size: 1MB}
	network: {mode: Unsafe}
	undo: {max_age: 2d, max_size: 2MB}
	END
	compile pod.yaml
	expected=$(cat <<-END
	type ephemeral
	run.user agent
	setup make
	setup printf 'a\\\\n'
	setup_script $T/s.sh
	start npm
	start run it
	start 
	env A=x y
	env B=two\\nlines
	env C=back\\\\slash
	env D=
	view minimal
	system dangerous
	cwd $T
	workspace /workspace/a
	mask /opt/*.key
	reveal /opt/a.key
	app node
	track.watch /
	track.ignore /var/tmp
	cpu.max 125000 100000
	cpu.weight 50
	cpuset.cpus 0,1
	memory.max 1073741824
	memory.high 536870912
	memory.swap.max 0
	pids.max 99
	tmp_size 1048576
	seccomp strict
	shm_size 1048576
	network unsafe
	engine sockets
	subnet 10.200.0.0/16
	dns.mode monitor
	dns.match exact
	dns.pin_min 300
	discovery no
	allowed_command make
	allowed_command /usr/bin/npm
	action_log no
	snapshots.auto yes
	snapshots.agent_keep 5
	undo.max_age 172800
	undo.max_size 2097152
	host_user.clone no
	queue.socket no
	queue.timeout 86400
	queue.separate no
	queue.commit no
	queue.rollback no
	vault.canary alert
	monitor.interval 5
	service no
	service.restart always
	identity.uid 0
	identity.gid 0
	ephemeral yes
	mount ro /opt/a /opt/a
	mount rw /opt/b\\\\040c\\\\134d /data
	mount cow /opt/e /opt/e
	end
	END
	)
	diff <(echo "$expected") <(sed -n '/^type /,$p' "$D/plan")
}

@test "the network's keys are plan lines; anything that opens a way asks for the wall" {
	cat >pod.yaml <<-'END'
	network:
	  engine: veth
	  subnet: 10.9
	  cidr_allow: [192.0.2.0/24]
	  ports: [8080:80]
	  public_ports: [53/udp]
	  internal_ports: [81]
	  expose: [82]
	  allow_discovery: yes
	  allow_pods: [db]
	  rate_limit: 5/s
	  connections: 30
	  bandwidth_cap: 1mbit
	  dns: {allow: ["**.a.example:80,22"], deny: [b.a.example], remap: {c.example: 192.0.2.1}, match: suffix, pin_min: 60, upstream: [192.0.2.53#54]}
	END
	compile pod.yaml
	sed -n '/^network /,/^wall /p' "$D/plan" | grep -v -e ^unbuilt -e ^queue -e ^govern -e ^identity -e ^allowed -e ^action -e ^host_user -e ^undo -e ^snapshots -e ^vault -e ^service -e ^monitor >got
	diff - got <<-'END'
	network isolated
	engine veth
	subnet 10.9.0.0/16
	dns.mode allowlist
	dns.allow **.a.example:80,22
	dns.deny b.a.example
	dns.remap c.example=192.0.2.1
	dns.match suffix
	dns.pin_min 60
	dns.upstream 192.0.2.53#54
	cidr_allow 192.0.2.0/24
	rate_limit 5/s
	connections 30
	bandwidth_cap 125000
	port 8080:80/tcp
	public_port 53:53/udp
	internal_port 81/tcp
	expose 82
	discovery yes
	allow_pod db
	wall yes
	END
	for way in 'cidr_allow: [192.0.2.1]' 'mode: Monitored' 'ports: [80]' 'allow_pods: ["*"]' 'dns: {mode: Denylist}'; do
		printf 'network: {%s}\n' "$way" >pod.yaml
		compile pod.yaml
		[ "$(plan wall)" = yes ] || { echo "$way" >&2; false; }
	done
	for none in 'mode: None' 'mode: Unsafe' 'dns: {deny: [a.example]}' 'rate_limit: 5/s'; do
		printf 'network: {%s}\n' "$none" >pod.yaml
		compile pod.yaml
		[ -z "$(plan wall)" ] || { echo "$none" >&2; false; }
	done
}

@test "an invoking user other than root keeps his id; one among the shifted ids moves the base" {
	SUDO_UID=1234567 SUDO_GID=77 compile
	[ "$(plan identity.uid) $(plan identity.gid) $(plan base)" = "1234567 77 524288" ]
	SUDO_UID=524300 SUDO_GID=77 compile
	[ "$(plan identity.uid) $(plan base)" = "524300 589824" ]
}

@test "what asks for something not built is listed, what does not is not" {
	cat >pod.yaml <<-'END'
	network:
	  mode: Monitored
	  engine: veth
	  dns: {allow: [a.example], deny: [], pin_min: 60, match: suffix}
	  ports: [80]
	  allow_discovery: no
	  bandwidth_cap: 1mbit
	queue: {socket: yes, require_commit_approval: off}
	devices: {audio: true, display: false, desktop_env: None, extra: []}
	web_display: {port: 7000}
	budget: {grace_period: 1m, max_duration: 1h}
	snapshots: {auto_on_run: no, max_keep: 3}
	vault: {env: [A], canary: freeze}
	monitor: {check_interval: 9}
	processor: {disk_size: 1GB}
	END
	compile pod.yaml
	[ "$(plan unbuilt | sort | tr '\n' ' ')" = "devices.audio " ]
}

@test "a desktop: its user, its plugins, its page; room in /dev/shm for browsers" {
	echo 'devices: {desktop_env: sway}' >pod.yaml
	SUDO_UID=1234 SUDO_GID=77 compile pod.yaml
	[ "$(plan desktop) $(plan desktop.uid) $(plan desktop.gid)" = "yes 1234 77" ]
	[ "$(plan plugin)" = "devices.desktop_env desktop-sway resolution=1280x720 uid=1234
devices.desktop_env web-novnc page=no audio=no upload=no clipboard=no resolution=1280x720 uid=1234" ]
	[ "$(plan shm_size)" = 268435456 ]
	[ -z "$(plan web.port)$(plan web.clipboard)" ]
	printf 'web_display: {type: novnc, audio: yes, resolution: 800x600, port: 7000}\nsecurity: {shm_size: 1GB}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan desktop.user) $(plan desktop.uid)" = "agent 60000" ]
	[ "$(plan plugin)" = "devices.desktop_env desktop-openbox resolution=800x600 uid=60000
web_display.audio audio-pipewire uid=60000
web_display web-novnc page=yes audio=yes upload=yes clipboard=no resolution=800x600 uid=60000" ]
	[ "$(plan web.port) $(plan web.audio_port)" = "7000 " ]
	[ "$(plan web.clipboard) $(plan web.upload_max) $(plan shm_size)" = "no 1073741824 1073741824" ]
	[ -z "$(plan unbuilt)" ]
	: >pod.yaml
	compile pod.yaml
	[ -z "$(plan desktop)$(plan plugin)$(plan web.upload_max)" ]
}

@test "the user of a desktop: a number, a name of this host, never root" {
	printf 'user: root\ndevices: {desktop_env: xfce}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan run.user) $(plan desktop.user)" = "root agent" ]
	printf 'user: "4711"\ndevices: {desktop_env: xfce}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan desktop.user) $(plan desktop.uid) $(plan desktop.gid)" = "4711 4711 4711" ]
	printf 'user: daemon\ndevices: {desktop_env: xfce}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan desktop.user) $(plan desktop.uid)" = "daemon $(id -u daemon)" ]
	printf 'user: nobody-knows\ndevices: {desktop_env: xfce}\n' >pod.yaml
	expect 78 compile pod.yaml
	[[ "$output" == *"whom this host does not know"* ]]
	printf 'devices: {desktop_env: none}\nweb_display: novnc\n' >pod.yaml
	expect 78 pod-config check pod.yaml
	[[ "$output" == *"web_display shows a desktop"* ]]
}

@test "a network's wall is asked for only when something may be allowed" {
	printf 'network: {dns: {mode: Denylist}}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan wall)" = yes ]
	printf 'network: {dns: {mode: Allowlist, allow: []}}\n' >pod.yaml
	compile pod.yaml
	[ -z "$(plan wall)" ]
	printf 'network: {mode: None}\n' >pod.yaml
	compile pod.yaml
	[ -z "$(plan wall)" ]
}

@test "types of pods: a supervised one asks for approval, an airgapped one has no network" {
	printf 'type: supervised\n' >pod.yaml
	compile pod.yaml
	[ "$(plan queue.commit)" = yes ]
	printf 'type: airgapped\n' >pod.yaml
	compile pod.yaml
	[ "$(plan network)" = none ]
	printf 'type: hardened\n' >pod.yaml
	compile pod.yaml
	[ "$(plan seccomp) $(plan pids.max) $(plan memory.max)" = "strict 256 1073741824" ]
}

@test "host_user brings its lists only where it is asked for" {
	printf 'host_user: {dirs: [/data]}\n' >pod.yaml
	compile pod.yaml
	[ "$(grep ^host_user "$D/plan")" = "host_user.clone no" ]
	printf 'host_user: {clone_host: yes, dirs: [/data], exclude: []}\n' >pod.yaml
	compile pod.yaml
	[ "$(plan host_user.dir)" = /data ]
	[ -z "$(plan host_user.exclude)" ]
	plan host_user.dotfile | grep -qx "$(getent passwd 0 | cut -d : -f 6)/.gitconfig"
}

@test "io_max names the disk by its numbers, a partition's disk too" {
	disk=$(find /dev -maxdepth 1 -type b | sort | head -1)
	[ -n "$disk" ] || disk=$T/disk
	[ -e "$disk" ] || mknod "$disk" b 7 200
	printf 'processor: {io_max: [{device: %s, read_bps: 1MB, write_iops: 5}]}\n' "$disk" >pod.yaml
	compile pod.yaml
	plan io.max | grep -qE '^[0-9]+:[0-9]+ rbps=1048576 wiops=5$'
	printf 'processor: {io_max: [{device: /dev/null, read_bps: 1MB}]}\n' >pod.yaml
	expect 78 compile pod.yaml
	[[ $output == *"/dev/null is not a block device"* ]]
}

@test "errors write nothing, and say that nothing was made" {
	printf 'processor: {cores: two}\nuser: ""\n' >pod.yaml
	expect 78 compile pod.yaml
	[[ $output == *"pod.yaml:1:20:"*"pod.yaml:2:7:"*"2 errors: nothing was made" ]]
	printf 'processor: {io_max: [{device: /dev/none, read_bps: 1MB}]}\n' >pod.yaml
	expect 78 compile pod.yaml
	[[ $output == *"look at /dev/none: No such file"* ]]
	[ -z "$(ls "$D")" ]
}

@test "the name comes from --name, else from the file" {
	printf 'name: other\n' >pod.yaml
	compile pod.yaml
	[ "$(plan name)" = web ]
	pod-config compile -o "$D" pod.yaml
	[ "$(plan name)" = other ]
	: >pod.yaml
	expect 64 pod-config compile -o "$D" pod.yaml
	[[ $output == *"--name"* ]]
	expect 64 pod-config compile -o "$D" --name ../x pod.yaml
	expect 64 pod-config compile --name web
	[[ $output == *"--into"* ]]
}

@test "a directory that is not there or cannot be written fails with 2" {
	expect 2 pod-config compile --name web --into "$T/none"
	[[ $output == *"open $T/none"* ]]
	mkdir full
	need root
	mount -t tmpfs -o size=4k none "$T/full"
	expect 2 pod-config compile --name web --into "$T/full"
	[ ! -e full/plan ]
}

@test "writing follows no symlink that lies in the directory" {
	echo precious >victim
	ln -s "$T/victim" "$D/pod.json"
	ln -s "$T/victim" "$D/plan"
	compile
	[ "$(cat victim)" = precious ]
	[ ! -L "$D/pod.json" ]
	[ ! -L "$D/plan" ]
}

@test "secrets, bindings and rules are plan lines in words" {
	cp "$TOP/tests/formats/podfile/accept/vault.yaml" pod.yaml
	compile pod.yaml
	grep -e ^vault -e ^http "$D/plan" >got
	diff - got <<-'END'
	vault.canary freeze
	http.rule domain=host.example port=443 method=GET path=/v1/*
	vault.env API_KEY
	vault.env _x1
	vault.env TOKEN git /usr/bin/npm
	vault.bind key=API_KEY domain=*.api.example port=8443 header=x-api-key:\\040{value} method=GET method=POST path=/v1/* wide=yes requests=60 bytes=1048576 concurrent=4 usage=openai
	vault.bind key=TOKEN domain=other.example port=443 basic=me strip=cookie:session pin=sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
	vault.bind key=_x1 domain=a.other.example port=443 query=key
	END
}
