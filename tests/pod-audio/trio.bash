# shellcheck shell=bash
# PipeWire of a test's own, as an ordinary user who has a name but nothing else: a bus, the daemon with
# a sink pod-speaker that leads nowhere, its session manager, and its PulseAudio server.
#	load trio
#	trio_setup; trio_start; …; trio_end

SOUND_UID=65534

# as_user COMMAND...: as that user, in that session.
as_user()
{
	env PATH=/usr/bin:/bin HOME="$X/home" XDG_RUNTIME_DIR="$X/run" XDG_CONFIG_HOME="$X/home/.config" XDG_STATE_HOME="$X/home/.state" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=$X/run/bus" PULSE_SERVER="unix:$X/run/pulse/native" PIPEWIRE_DEBUG=0 \
		setpriv --reuid $SOUND_UID --regid $SOUND_UID --clear-groups --no-new-privs "$@"
}

# keep COMMAND...: as_user in the background, for trio_end; its pid is in $KEPT.
keep()
{
	env PATH=/usr/bin:/bin HOME="$X/home" XDG_RUNTIME_DIR="$X/run" XDG_CONFIG_HOME="$X/home/.config" XDG_STATE_HOME="$X/home/.state" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=$X/run/bus" PULSE_SERVER="unix:$X/run/pulse/native" PIPEWIRE_DEBUG=0 \
		setpriv --reuid $SOUND_UID --regid $SOUND_UID --clear-groups --no-new-privs "$@" 3>&- &
	KEPT=$!
	PIDS+=" $KEPT"
}

trio_setup()
{
	PIDS=''
	X=$T/x
	mkdir -p "$X/run" "$X/bin" "$X/home/.config/pipewire/pipewire.conf.d"
	chmod 700 "$X/run"
	cat >"$X/home/.config/pipewire/pipewire.conf.d/10-pod.conf" <<-'END'
	context.properties = { default.clock.rate = 48000 default.clock.quantum = 480 default.clock.min-quantum = 240 default.clock.max-quantum = 1024 }
	context.objects = [ { factory = adapter args = { factory.name = support.null-audio-sink node.name = "pod-speaker" media.class = Audio/Sink
		audio.position = [ FL FR ] object.linger = true monitor.channel-volumes = true } } ]
	END
	cp "$B/bin/pod-audio" "$TOP/tests/lib/hand.py" "$X/bin/" # wherever the checkout is, the user may read these
	chown -R $SOUND_UID:$SOUND_UID "$X"
	keep dbus-daemon --session --nofork --nopidfile --address="unix:path=$X/run/bus" 2>/dev/null >&2
	wait_for 20 test -S "$X/run/bus"
}

has_sink() { as_user pactl list short sinks 2>/dev/null | grep -q pod-speaker; }

trio_start()
{
	keep pipewire >"$T/pipewire.log" 2>&1
	PIPEWIRE=$KEPT
	wait_for 20 test -S "$X/run/pipewire-0"
	keep wireplumber >"$T/wireplumber.log" 2>&1
	WIREPLUMBER=$KEPT
	keep pipewire-pulse >"$T/pulse.log" 2>&1
	PULSE=$KEPT
	wait_for 20 has_sink
}

# All three, as their supervisor does it.
trio_stop()
{
	kill -KILL "$PIPEWIRE" "$WIREPLUMBER" "$PULSE" 2>/dev/null || true
	wait "$PIPEWIRE" "$WIREPLUMBER" "$PULSE" 2>/dev/null || true
	rm -f "$X/run/pipewire-0" "$X/run/pipewire-0.lock" "$X/run/pulse/native" "$X/run/pulse/pid"
}

trio_end()
{
	local pid
	for pid in ${PIDS:-}; do kill -KILL "$pid" 2>/dev/null || true; done
	for pid in ${PIDS:-}; do wait "$pid" 2>/dev/null || true; done
}

# tone HERTZ SECONDS FILE: a sine, both channels.
tone() { ffmpeg -v error -y -f lavfi -i "sine=frequency=$1:sample_rate=48000:duration=$2" -ac 2 "$3"; chmod 644 "$3"; }

# serve [OPTION]...: pod-audio, as the session starts it.
serve()
{
	rm -f "$X/sock"
	keep python3 "$X/bin/hand.py" "$X/sock" audio "$X/bin/pod-audio" serve "$@" 2>>"$T/said"
	SERVER=$KEPT
	wait_for 20 test -S "$X/sock"
}

# hear KIND SECONDS OPTION...: tests/pod-audio/hear.py
hear() { python3 "$TOP/tests/pod-audio/hear.py" "$X/sock" "$@"; }
