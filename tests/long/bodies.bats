#!/usr/bin/env bats
# Bodies of a gigabyte through the injector, looked through for secrets both ways: whole, and in constant memory.
load ../lib/envpod
load ../pod-proxy/injector
setup() { injector_setup; }
teardown() { site_teardown; }

resident() { awk '/^VmHWM/ { print $2 }' "/proc/$INJECTOR/status"; }

# sized FILE COMMAND...: what it writes is that file, byte for byte.
sized()
{
	local file=$1
	shift
	"$@" | cmp - "$file"
}

@test "a gigabyte each way, by HTTP/1.1 and HTTP/2, at once" {
	python3 - "$T" <<-'END'
	import random, sys
	r = random.Random(5)
	block = r.randbytes(1 << 20)
	with open(sys.argv[1] + "/huge", "wb") as f:
	    for i in range(1000): f.write(i.to_bytes(8, "big")); f.write(block)
	END
	mkdir -p "$T/www"
	ln -s "$T/huge" "$T/www/huge"
	tls_site
	(exec nsenter -t "$SITE" -n nghttpd -a 192.0.2.11 -d "$T/www" --echo-upload 443 "$T/good.key" "$T/good.pem") >"$T/nghttpd.log" 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 5 listens_at 192.0.2.11
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 'host 1 c.example 443' 'bind 1 TOKEN header authorization Bearer\\040{value}'
	call https://a.example/teapot
	before=$(resident)
	jobs=()
	for http in --http1.1 --http2; do
		sized "$T/huge" in_pod curl -sS --max-time 600 $http https://a.example/huge 3>&- &
		jobs+=($!)
	done
	in_pod curl -sS --max-time 600 --http2 https://c.example/huge 3>&- | cmp - "$T/huge" &
	jobs+=($!)
	on_host envpod run web -- curl -sS --max-time 600 --http1.1 -f -T - https://a.example/put/one <"$T/huge" 3>&- &
	jobs+=($!)
	for job in "${jobs[@]}"; do wait "$job"; done
	cmp "$T/huge" "$T/www/put/one"
	on_host envpod run web -- curl -sS --max-time 600 --http2 -f -T - https://a.example/put/two <"$T/huge"
	cmp "$T/huge" "$T/www/put/two"
	echo "before $before after $(resident)"
	[ $(($(resident) - before)) -lt 16384 ]
}
