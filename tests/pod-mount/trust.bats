#!/usr/bin/env bats
# The pod's own certificate authority in its trust stores.
load ../lib/envpod
load pod

setup()
{
	envpod_setup
	need root overlay userns
	P=$ENVPOD_STATE_DIR/pods/web
	BUNDLE=/etc/ssl/certs/ca-certificates.crt
	ALONE=/usr/local/share/ca-certificates/envpod.crt
}
teardown() { envpod_teardown; }

# A leaf that this pod's authority has signed, in $T/leaf.crt.
leaf()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout "$T/leaf.key" -out "$T/leaf.csr" 2>/dev/null
	openssl x509 -req -in "$T/leaf.csr" -CA "$P/ca/crt" -CAkey "$P/ca/key" -days 1 \
		-extfile <(echo subjectAltName=critical,DNS:site.example) -out "$T/leaf.crt" 2>/dev/null
}

# trusts [OPTION]...: does OpenSSL in the view, told nothing by the environment, believe that leaf?
trusts()
{
	leaf
	cp "$T/leaf.crt" "$T/shown.crt"
	pod-mount enter web -- sh -c 'cat > tmp/leaf.crt && env -i /usr/sbin/chroot . /usr/bin/openssl verify "$@" /tmp/leaf.crt' - "$@" <"$T/leaf.crt"
}

@test "without an authority nothing is there" {
	pod web
	in_view web "[ ! -e .$ALONE ] && cmp .$BUNDLE $BUNDLE && [ ! -e etc/ssl/certs/envpod.pem ]"
}

@test "the bundle, the directory of hashes, the tools' directory, Java's store" {
	pod web
	pod-proxy ca web
	in_view web "cat .$BUNDLE" >"$T/bundle"
	cmp "$T/bundle" <(cat $BUNDLE "$P/ca/crt")
	in_view web "cat .$ALONE" | cmp - "$P/ca/crt"
	trusts -no-CApath
	trusts -no-CAfile
	need keytool
	in_view web 'cat etc/ssl/certs/java/cacerts' >"$T/cacerts"
	count() { keytool -list -keystore "$1" -storepass changeit 2>/dev/null | grep -c trustedCertEntry; }
	[ "$(count "$T/cacerts")" = $(($(count /etc/ssl/certs/java/cacerts) + 1)) ]
	keytool -exportcert -rfc -alias envpod -keystore "$T/cacerts" -storepass changeit 2>/dev/null |
		openssl x509 -outform der | cmp - <(openssl x509 -in "$P/ca/crt" -outform der)
}

@test "policies of browsers: valid, with the authority, and with what the host says" {
	apart '
	P=$ENVPOD_STATE_DIR/pods/web
	cp -a /etc "$T/etc"; rm -rf "$T/etc/chromium" "$T/etc/firefox"; mount --rbind "$T/etc" /etc # a host without browsers
	pod web
	pod-proxy ca web
	shown() { in_view web "cat .$1" | jq -c "$2"; }
	firefox=/etc/firefox/policies/policies.json
	crt=$(openssl x509 -in "$P/ca/crt" -outform der | base64 -w0)
	[ "$(shown $firefox .)" = "{\"policies\":{\"Certificates\":{\"Install\":[\"'$ALONE'\"]}}}" ]
	for dir in /etc/chromium /etc/opt/chrome; do
		[ "$(shown $dir/policies/managed/envpod.json .)" = "{\"CACertificates\":[\"$crt\"]}" ]
	done
	mkdir -p /etc/firefox/policies
	while IFS="|" read -r old new; do
		printf "%s\n" "$old" >$firefox
		[ "$(shown $firefox .)" = "${new//ENVPOD/\"'$ALONE'\"}" ] || { shown $firefox . >&2; false; }
	done <<-END
	{}|{"policies":{"Certificates":{"Install":[ENVPOD]}}}
	{"policies":{}}|{"policies":{"Certificates":{"Install":[ENVPOD]}}}
	{"a":[1,{"b":2}],"policies":{"DisableTelemetry":true}}|{"a":[1,{"b":2}],"policies":{"Certificates":{"Install":[ENVPOD]},"DisableTelemetry":true}}
	{"policies":{"X":1,"Certificates":{"ImportEnterpriseRoots":true}}}|{"policies":{"X":1,"Certificates":{"Install":[ENVPOD],"ImportEnterpriseRoots":true}}}
	{"policies":{"Certificates":{"Install":["/my.crt"]}}}|{"policies":{"Certificates":{"Install":[ENVPOD,"/my.crt"]}}}
	{"policies":{"Certificates":{"Install":[]}}}|{"policies":{"Certificates":{"Install":[ENVPOD]}}}
	{"policies":7}|{"policies":7}
	not json|{"policies":{"Certificates":{"Install":[ENVPOD]}}}
	END
	[ "$(as_pod web 0 "stat -c %a:%u etc/chromium/policies/managed")" = 755:0 ]
	as_pod web 0 "echo {} >etc/chromium/policies/managed/mine.json; rm etc/chromium/policies/managed/envpod.json"
	[ "$(pod-mount diff --all --json web | jq -r .path | paste -sd" ")" = "/etc/chromium /etc/chromium/policies /etc/chromium/policies/managed /etc/chromium/policies/managed/mine.json" ]
	[ -z "$(ls /etc/chromium)" ]
	'
}

@test "it is no change of the pod's, nothing of the host's changes, and files can be replaced" {
	cp $BUNDLE "$T/before"
	pod web
	pod-proxy ca web
	as_pod web 0 "cat .$BUNDLE >etc/ssl/certs/new && mv etc/ssl/certs/new .$BUNDLE && rm etc/ssl/certs/envpod.pem && ln -s ..$ALONE etc/ssl/certs/envpod.pem"
	run pod-mount diff --all web
	[ "$output" = "" ] || { echo "$output" >&2; false; }
	pod-mount commit --all web || true
	cmp $BUNDLE "$T/before"
	[ ! -e $ALONE ]
}

@test "an authority that is renewed, and a bundle of the host's that changes" {
	apart '
	cp -a /etc/ssl/certs "$T/certs"; mount --bind "$T/certs" /etc/ssl/certs
	pod web
	pod-proxy ca web
	in_view web "cat .'$BUNDLE'" | cmp - <(cat "$T/certs/ca-certificates.crt" "$ENVPOD_STATE_DIR/pods/web/ca/crt")
	pod-proxy ca --renew web
	in_view web "cat .'$BUNDLE'" | cmp - <(cat "$T/certs/ca-certificates.crt" "$ENVPOD_STATE_DIR/pods/web/ca/crt")
	echo "# one more" >>"$T/certs/ca-certificates.crt"
	in_view web "cat .'$BUNDLE'" | cmp - <(cat "$T/certs/ca-certificates.crt" "$ENVPOD_STATE_DIR/pods/web/ca/crt")
	'
}

@test "what the pod had made anew before there was an authority is mended, once" {
	pod web
	as_pod web 0 "echo '# mine' >etc/ssl/certs/new && mv etc/ssl/certs/new .$BUNDLE && rm -f etc/ssl/certs/java/cacerts"
	pod-mount diff --all web | grep -q ca-certificates.crt
	pod-proxy ca web
	in_view web "cat .$BUNDLE" | cmp - <(echo '# mine'; cat "$P/ca/crt")
	as_pod web 0 "stat -c %u:%a .$BUNDLE" | grep -qx 0:644
	n=$(layers web)
	in_view web "cat .$BUNDLE" | cmp - <(echo '# mine'; cat "$P/ca/crt")
	in_view web true
	[ "$(layers web)" -le $((n + 1)) ]
	[ -z "$(find "$(upper web)" -type f)" ]
	run pod-mount diff --all web
	[[ $output != *ca-certificates* && $output != *envpod* ]] || { echo "$output" >&2; false; }
}

@test "what lies there may be anything: a pipe, a directory, a link, too much" {
	pod web
	for what in 'mkfifo' 'mkdir' 'ln -s /etc/passwd' 'truncate -s 40M'; do
		as_pod web 0 "rm -rf .$BUNDLE && $what .$BUNDLE && rm -rf etc/ssl/certs/java && ln -s /etc etc/ssl/certs/java"
		pod-proxy ca --renew web
		timeout 20 pod-mount enter web -- true
	done
	[ -s /etc/passwd ]
	refute grep -q CERTIFICATE /etc/passwd
}

@test "a pod that runs gets it with the next command, and that is no change either" {
	envpod init web </dev/null >/dev/null
	envpod start web -- sleep 1000
	pod-proxy ca web
	envpod run web -- cat $BUNDLE | cmp - <(cat $BUNDLE "$P/ca/crt")
	envpod run web -- sh -c "cat \$NODE_EXTRA_CA_CERTS" | cmp - "$P/ca/crt"
	[ -z "$(envpod diff --all web)" ] || { envpod diff --all web >&2; false; }
	envpod stop -t 1 web
	envpod run web -- cat $BUNDLE | cmp - <(cat $BUNDLE "$P/ca/crt")
	[ -z "$(envpod diff --all web)" ]
	envpod start web -- sleep 1000
	pod-proxy ca --renew web
	envpod run web -- cat $BUNDLE | tail -c "$(stat -c %s "$P/ca/crt")" | cmp - "$P/ca/crt"
	envpod stop -t 1 web
}

@test "a directory of the host's that the pod may write to is not written to from here" {
	mkdir -p "$T/shared"
	echo '# the host' >"$T/shared/ca-certificates.crt"
	cp "$T/shared/ca-certificates.crt" "$T/before"
	pod web "filesystem: {mounts: [{path: $T/shared, target: /etc/ssl/certs, permissions: ReadWrite}]}"
	pod-proxy ca web
	in_view web "ls etc/ssl/certs" >/dev/null
	[ "$(ls "$T/shared")" = ca-certificates.crt ]
	cmp "$T/shared/ca-certificates.crt" "$T/before"
}

@test "programs are told by their variables; the pod file's and -e's values win" {
	envpod init web -c <(echo 'environment: {GIT_SSL_CAINFO: /mine}') >/dev/null || envpod init web </dev/null >/dev/null
	[ -z "$(envpod run web -- env | grep -e SSL_CERT_FILE -e NODE_EXTRA)" ]
	pod-proxy ca web
	envpod run -e PIP_CERT=/asked web -- env >"$T/env"
	grep -qx "SSL_CERT_FILE=$BUNDLE" "$T/env"
	grep -qx "REQUESTS_CA_BUNDLE=$BUNDLE" "$T/env"
	grep -qx "NODE_EXTRA_CA_CERTS=$ALONE" "$T/env"
	grep -qx 'PIP_CERT=/asked' "$T/env"
	mkdir -p "$P/policy"
	printf 'envpod-plan 1 0 0 0\ncanary alert\ndummy API_KEY sk-dummy\nend\n' >"$P/policy/proxy"
	[ "$(envpod run web -- printenv API_KEY)" = sk-dummy ]
	[ "$(envpod run -e API_KEY=other web -- printenv API_KEY)" = other ]
}

@test "a clone has not its source's authority, nor that in its trust stores" {
	envpod init web </dev/null >/dev/null
	pod-proxy ca web
	envpod run web -- true
	envpod clone web copy >/dev/null
	envpod run copy -- cat $BUNDLE | cmp - $BUNDLE
	pod-proxy ca copy
	envpod run copy -- cat $BUNDLE | cmp - <(cat $BUNDLE "$P/../copy/ca/crt")
}
