# SPDX-License-Identifier: Apache-2.0
# One wall down: what the others are worth, and that each refusal has its maker.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file walls; }
teardown_file() { escape_teardown_file; }

# What of a setting got through, one name a line.
through() { awk -v s="$1" '$1 == s && $3 == "open" { print $2 }' "$T/results" | sort; }

@test "Landlock alone refuses mounts in a user namespace, where the filter is off" {
	attack mount-in-user-namespace
}

@test "Landlock alone refuses abstract sockets of the host, on the host's network" {
	attack shared-abstract-socket
}

# The control here has neither filter nor Landlock: what the filter alone stops gets through.
@test "without the filter, these get through: it is the filter that stops them" {
	for name in trace-me tiocsti tioclinux userfaultfd-user io-uring keyctl add-key personality \
		int80 unshare-user clone-user clone3-user vsock firewall-socket; do
		for setting in user root; do
			through $setting | grep -qx $name || { echo "$setting: $name was stopped"; false; }
		done
	done
}

@test "without the filter, the other walls stop all the rest" {
	local fine="trace-me tiocsti tioclinux no-filter core-handler"
	for setting in user root; do
		[ "$(grep -c "^$setting " "$T/results")" -gt 150 ]
		for name in $(through $setting); do
			[[ " $fine " = *" $name "* ]] && continue
			pod-probe -l | grep -q "^seccomp $name " ||
				{ echo "$setting: $name got through"; false; }
		done
	done
}

# Their controls are those of the other suites: the same attacks on the same host.
@test "no kind of pod file opens anything: safe, dangerous, minimal, strict" {
	for variant in safe dangerous minimal strict; do
		for setting in user root; do
			[ "$(grep -c "^$variant-$setting " "$T/results")" -gt 150 ]
			[ -z "$(through $variant-$setting)" ] || { through $variant-$setting; false; }
		done
	done
}

@test "the browser profile opens user namespaces, and no mount in them" {
	for setting in user root; do
		[ "$(grep -c "^browser-$setting " "$T/results")" -gt 150 ]
		[ "$(through browser-$setting)" = "clone-user
unshare-user" ]
	done
}
