#!/bin/sh
description="the layers in a root with nothing but a libc, sh and sed, under AWS's emulator"
. ./lib/lib.sh
. ./lib/rie.sh
. ./lib/root.sh

languages='python ruby php perl'

# fetch_root SUITE: fetches packages of that Debian release, without running their scripts.
fetch_root() {
	fetched=$repository/.cache/$1-root
	test -e "$fetched" || {
		rm -rf "$fetched.new" &&
			mmdebstrap --quiet --variant=extract --include=libc6,dash,sed "$1" "$fetched.new" &&
			rm -rf "$fetched.new/dev" "$fetched.new/var/cache" &&
			mkdir "$fetched.new/dev" &&
			mv "$fetched.new" "$fetched"
	}
}

# make_root SUITE LAYER…: makes the folder root, with these layers in /opt and the example in /var/task.
make_root() {
	cp -R "$repository/.cache/$1-root" root &&
		shift &&
		mkdir -p root/bin root/proc root/opt root/var/task root/var/lang/bin &&
		ln -sf dash root/bin/sh &&
		cp "$rie" root/rie &&
		cp -R "$repository/example/." root/var/task || return
	for layer in "$@"
	do
		python3 "$tests/lib/unzip.py" "$repository/dist/open-runtime-$layer.zip" root/opt || return
	done
	chmod -R go=rX root
}

# write_python: writes a handler that needs modules which are compiled.
write_python() {
	export answer
	answer='[5.0,"OpenSSL 3",7]'
	cat >root/var/task/modules.py <<-'END'
		import asyncio, bz2, ctypes, curses, decimal, hashlib, lzma, math, readline, sqlite3, ssl, uuid, xml.parsers.expat, zlib

		def all(event, context):
		    uuid.uuid1()
		    xml.parsers.expat.ParserCreate().Parse("<a/>", True)
		    return [math.hypot(3, 4), ssl.OPENSSL_VERSION[:9], sqlite3.connect(":memory:").execute("select 7").fetchone()[0]]
	END
}

write_ruby() {
	answer='["3.3",3.14,"2.5","8f434346","OpenSSL 3","- 1\n",["/opt/ruby/lib/3.3.0/set.rb"],["debug"]]'
	cat >root/var/task/modules.rb <<-'END'
		require "base64"; require "bigdecimal"; require "csv"; require "date"; require "digest"; require "erb"; require "etc"; require "fiddle"
		require "io/console"; require "json"; require "logger"; require "net/http"; require "openssl"; require "psych"; require "ripper"; require "set"
		require "socket"; require "stringio"; require "time"; require "tmpdir"; require "yaml"; require "zlib"; require "debug/prelude"

		def all(event:, context:)
		  [
		    RUBY_VERSION[0, 3], "3.14x".to_f, BigDecimal("2.5").to_s("F"), Digest::SHA256.hexdigest("hi")[0, 8], OpenSSL::OPENSSL_LIBRARY_VERSION[0, 9],
		    YAML.dump([1]).delete_prefix("---\n"), $LOADED_FEATURES.grep(%r{/set\.rb}).last(1), Gem.loaded_specs.keys & ["debug"],
		  ]
		end
	END
}

write_php() {
	answer='["8.4",3.14,"8f434346","OpenSSL 3","\u00c4","text\/x-php","<a\/>","EST",5]'
	cat >root/var/task/modules.php <<-'END'
		<?php
		function all($event, $context)
		{
		    $document = new DOMDocument();
		    $document->loadXML('<a></a>');
		    $extensions = ['calendar', 'ctype', 'curl', 'dom', 'exif', 'ffi', 'fileinfo', 'ftp', 'gettext', 'iconv', 'mbstring', 'openssl', 'pdo', 'phar', 'posix',
		        'shmop', 'simplexml', 'sockets', 'sodium', 'sysvmsg', 'sysvsem', 'sysvshm', 'tokenizer', 'xml', 'xmlreader', 'xmlwriter', 'zlib'];
		    return [
		        substr(PHP_VERSION, 0, 3), (float) '3.14x', substr(hash('sha256', 'hi'), 0, 8), substr(OPENSSL_VERSION_TEXT, 0, 9), mb_strtoupper('ä'),
		        (new finfo(FILEINFO_MIME_TYPE))->buffer('<?php echo 1;'), $document->saveXML($document->documentElement),
		        (new DateTime('2026-01-01', new DateTimeZone('US/Eastern')))->format('T'),
		        FFI::cdef('int abs(int);')->abs(-4) + count(array_filter($extensions, fn ($name) => !extension_loaded($name))),
		    ];
		}
	END
}

write_perl() {
	answer='["3.14","42 ab","aGk=","8f434346",true,"5.40"]'
	cat >root/var/task/modules.pl <<-'END'
		use strict;
		use warnings;
		use Compress::Zlib; use Config; use Cwd; use Data::Dumper; use Digest::MD5; use Digest::SHA 'sha256_hex'; use Encode; use Fcntl;
		use File::Temp; use HTTP::Tiny; use IO::Compress::Bzip2; use IO::Socket::INET; use JSON::PP; use List::Util; use MIME::Base64;
		use POSIX; use Socket; use Storable; use Sys::Hostname; use Time::HiRes; use Time::Piece; use Unicode::Normalize; use threads;

		sub all {
		    return [
		        sprintf('%.2f', POSIX::strtod('3.14') + POSIX::fmod(7, 7)), join(' ', map { Encode::decode('UTF-8', $_) } 42, 'ab'),
		        MIME::Base64::encode_base64('hi', ''), substr(sha256_hex('hi'), 0, 8),
		        JSON::PP::true, substr($Config{version}, 0, 4),
		    ];
		}
		1;
	END
}

# in_image TEXT: replaces the variables of the image in the text.
in_image() {
	echo "$1" | sed "s,\${ARCH},$arch,; s,\${LAMBDA_RUNTIME_DIR},/var/runtime,; s,\${LAMBDA_TASK_ROOT},/var/task,"
}

# follow_dockerfile: executes the Dockerfile in the folder root. Its base image has Node.js in /var/lang.
follow_dockerfile() {
	dockerfile=$repository/example/Dockerfile
	rm -r root/var/task &&
		grep "^COPY " "$dockerfile" >copies &&
		while read -r _ from to
		do
			from=$repository/$(in_image "$from") to=root$(in_image "$to")
			mkdir -p "${to%/*}" &&
				if test -d "$from"
				then
					mkdir -p "$to" &&
						cp -R "$from/." "$to"
				else
					cp "$from" "$to"
				fi || return
		done <copies
}

greets() {
	answers '{"name": "Grace"}' '{"message":"Good day, Grace!","event":"free-form JSON"}'
}

# fetch_all: fetches what the checks need.
fetch_all() {
	for suite in bullseye bookworm
	do
		fetch "Debian's $suite" fetch_root $suite
	done
	fetch emulator fetch_rie
}

needs bwrap
fetch_all

# emulate LANGUAGE: puts the layer for the other machine into the folder root. Its program runs under qemu, with that machine's glibc
# in /other; all else is for this machine.
emulate() {
	libc=$(sed -n "s/^image-$other //p" "$repository/scripts/debs.txt" | grep "/libc6_") &&
		"$repository/scripts/bring-deb" "${libc%% *}" "${libc##* }" "$repository/.cache/images/debs" &&
		mkdir root/other &&
		dpkg-deb -x "$repository/.cache/images/debs/${libc##*/}" root/other &&
		cp "$(command -v "$qemu")" root/qemu &&
		python3 "$tests/lib/unzip.py" "$repository/dist/open-runtime-$1-$other.zip" root/opt &&
		program=$(ls "root/opt/$1/bin") &&
		mv "root/opt/$1/bin/$program" "root/opt/$1/bin/$program-$other" &&
		printf '#!/bin/sh\nexec /qemu %s -L /other /opt/%s/bin/%s-%s "$@"\n' "$cpu" "$1" "$program" "$other" >"root/opt/$1/bin/$program" &&
		chmod 755 "root/opt/$1/bin/$program" root/qemu &&
		chmod -R go=rX root
}

case $arch in
arm64)
	other=x86_64 qemu=qemu-x86_64-static cpu=
	;;
*)
	other=arm64 qemu=qemu-aarch64-static cpu='-cpu max,pauth-impdef=on' # with BTI and PAC, whose own algorithm takes it seconds
	;;
esac

# Debian 11 has glibc 2.31: programs that run with it run with Lambda's 2.34. Python needs 2.34. Debian 12 has 2.36, and no
# Debian has 2.34.
check 'a handler answers with Node.js from the layer' '
	make_root bullseye "$arch" "nodejs-$arch" &&
	serve_in_root handler.hello /opt/bootstrap SLSMIDDLEWARES=polite &&
	greets
'

for language in $languages
do
	check "a handler answers with the layer for $language" '
		make_root bookworm "$arch" "$language-$arch" &&
		serve_in_root $language/handler.hello /opt/bootstrap SLSMIDDLEWARES=polite &&
		greets
	'

	check "the layer for $language has the modules that are compiled" '
		make_root bookworm "$arch" "$language-$arch" &&
		write_$language &&
		serve_in_root modules.all /opt/bootstrap SLSEVENTS=raw &&
		answers "{}" "$answer"
	'
done

check 'a handler in shell answers an event of API Gateway with JSON, where there is nothing but a shell' '
	make_root bullseye "$arch" &&
	awk "/^hello\\(\\)/,/^}/" "$repository/docs/json.md" >root/var/task/api.sh &&
	find root/bin root/usr/bin "(" -type f -o -type l ")" ! -name dash ! -name sh -delete &&
	python3 -c "
import json
event = json.load(open(\"$tests/events/apigw-http-v2.json\"))
event[\"queryStringParameters\"] = {\"name\": \"Ada \\\"L\\\"\"}
json.dump(event, open(\"event\", \"w\"))" &&
	serve_in_root api.hello /opt/bootstrap PATH=/usr/bin:/bin:/opt/bin SLSEVENTS=cloudevents &&
	invoke @event &&
	python3 -c "
import json
response = json.load(open(\"response\"))
assert response[\"statusCode\"] == 200 and response[\"headers\"] == {\"content-type\": \"application/json\"}, response
assert json.loads(response[\"body\"]) == {\"message\": \"Hello, Ada \\\"L\\\"!\", \"length\": 7}, response"
'

check 'the layers with an interpreter name their version and architecture, and have the licence' '
	version=$(cd "$repository" && cargo pkgid --locked | sed "s/.*[@#]//") &&
	for layer in nodejs-x86_64 nodejs-arm64 python-x86_64 python-arm64 ruby-x86_64 ruby-arm64 php-x86_64 php-arm64 perl-x86_64 perl-arm64
	do
		rm -rf opt &&
			python3 "$tests/lib/unzip.py" "$repository/dist/open-runtime-$layer.zip" opt &&
			name=open-runtime-${layer%%-*} &&
			same "{\"name\":\"$name\",\"version\":\"$version\",\"architecture\":\"${layer##*-}\"}" "$(cat "opt/$name.json")" &&
			cmp "$repository/LICENSE" opt/LICENSE || return
	done
'

check 'Python has all of its modules compiled' '
	make_root bookworm "$arch" "python-$arch" &&
	find root/opt/python/lib/python3.* -name "*.py" | wc -l >sources &&
	find root/opt/python/lib/python3.* -name "*.pyc" | wc -l >compiled &&
	same "$(cat sources)" "$(cat compiled)" &&
	find root/opt/runtimes/python -name "*.py" | wc -l >sources &&
	find root/opt/runtimes/python -name "*.pyc" | wc -l >compiled &&
	same "$(cat sources)" "$(cat compiled)"
'

check 'a language runtime that differs from the compiled one is the one that runs' '
	make_root bookworm "$arch" "python-$arch" &&
	printf "raise SystemExit(9)\n" >>root/opt/runtimes/python/open_runtime.py &&
	serve_in_root python/handler.hello /opt/bootstrap &&
	invoke "{}" &&
	says response "exited with status 9"
'

check 'a program that needs a newer glibc than Lambda has is refused' '
	make_root bullseye "nodejs-$arch" "python-$arch" &&
	"$repository/scripts/check-glibc" root/opt &&
	mkdir newer &&
	cp "$repository"/.cache/interpreters/python3.13-minimal_*_amd64/usr/bin/python3.13 newer &&
	fails_to "$repository/scripts/check-glibc" newer 2>refusal &&
	says refusal "newer/python3.13 needs glibc 2.38, but Lambda has 2.34"
'

check 'the layers have the sizes that the document says' '
	sed -n "s/^| .\(open-runtime-[a-z]*-[a-z0-9_]*\).zip. |.*| \([0-9]*\) MB | \([0-9]*\) MB |$/\1 \2 \3/p" "$repository/docs/deploy.md" >sizes &&
	same "$(cd "$repository/dist" && ls open-runtime-*-*.zip | sed "s/.zip//")" "$(cut -d " " -f 1 sizes | sort)" &&
	while read -r name packed unpacked
	do
		rm -rf opt &&
			python3 "$tests/lib/unzip.py" "$repository/dist/$name.zip" opt &&
			same "$name $packed $unpacked" "$name $((($(wc -c <"$repository/dist/$name.zip") + 500000) / 1000000)) $((($(du -sb --apparent-size opt | cut -f 1) + 500000) / 1000000))" || return
	done <sizes
'

check 'both interpreters together are below the limits of Lambda' '
	make_root bullseye "$arch" "nodejs-$arch" "python-$arch" &&
	test "$(du -sb root/opt | cut -f 1)" -lt 250000000 &&
	for zip in "$repository"/dist/open-runtime-*.zip
	do
		test "$(wc -c <"$zip")" -lt 50000000 || return
	done
'

# Managed runtimes have their interpreters in /var/lang. Here those of the layers replace them.
check 'as a wrapper bootstrap uses the interpreter of the managed Node.js' '
	make_root bullseye "$arch" "nodejs-$arch" &&
	mv root/opt/nodejs/bin/node root/var/lang/bin/node &&
	mv root/opt/nodejs/lib root/var/lang/lib &&
	rm -r root/opt/nodejs &&
	serve_in_root handler.hello /opt/open-runtime AWS_LAMBDA_EXEC_WRAPPER=/opt/open-runtime SLSMIDDLEWARES=polite &&
	greets
'

check 'as a wrapper bootstrap uses the interpreter of the managed Python' '
	make_root bookworm "$arch" "python-$arch" &&
	mv root/opt/python/bin/python3 root/var/lang/bin/python3 &&
	mv root/opt/python/lib root/var/lang/lib &&
	rm -r root/opt/python &&
	serve_in_root python/handler.hello /opt/open-runtime AWS_LAMBDA_EXEC_WRAPPER=/opt/open-runtime SLSMIDDLEWARES=polite &&
	greets
'

# There is no container engine. The root replaces the image, and gets the files that the Dockerfile copies.
check 'the image of the example answers, with its command and its variables' '
	make_root bullseye "nodejs-$arch" &&
	mv root/opt/nodejs/bin/node root/var/lang/bin/node &&
	mv root/opt/nodejs/lib root/var/lang/lib &&
	rm -r root/opt/* &&
	follow_dockerfile &&
	chmod -R go=rX root &&
	serve_in_root "$(sed -n "s/^CMD \[\"\(.*\)\"\]/\1/p" "$dockerfile")" /var/runtime/bootstrap \
		"$(sed -n "s/^ENV //p" "$dockerfile")" LAMBDA_RUNTIME_DIR=/var/runtime &&
	greets
'

check 'a missing interpreter is an error that names the searched places' '
	make_root bullseye "$arch" &&
	serve_in_root handler.hello /opt/bootstrap &&
	invoke "{}" &&
	says response Runtime.InterpreterNotFound &&
	says response /var/lang/bin
'

needs bwrap openssl
fetch_all

# write_trust: writes handlers that answer whether the certificate in their folder is trusted.
write_trust() {
	cat >root/var/task/trust.py <<-'END'
		import ssl

		def trusts(event, context):
		    return ssl.PEM_cert_to_DER_cert(open("cert.pem").read()) in ssl.create_default_context().get_ca_certs(binary_form=True)
	END
	cat >root/var/task/trust.rb <<-'END'
		require "openssl"

		def trusts(event:, context:)
		  store = OpenSSL::X509::Store.new
		  store.set_default_paths
		  store.verify(OpenSSL::X509::Certificate.new(File.read("cert.pem")))
		end
	END
	cat >root/var/task/trust.php <<-'END'
		<?php
		function trusts($event, $context)
		{
		    return openssl_x509_checkpurpose(file_get_contents('cert.pem'), X509_PURPOSE_ANY);
		}
	END
}

for language in python ruby php
do
	check "the layer for $language trusts the certificates of Amazon Linux" '
		make_root bookworm "$arch" "$language-$arch" &&
		mkdir -p root/etc/pki/tls &&
		openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj "/CN=the only one" 2>/dev/null &&
		cp cert.pem root/var/task &&
		write_trust &&
		chmod -R go=rX root/var/task &&
		serve_in_root trust.trusts /opt/bootstrap "SLSRUNTIME=$language" &&
		answers "{}" false &&
		cp cert.pem root/etc/pki/tls &&
		chmod 644 root/etc/pki/tls/cert.pem &&
		serve_in_root trust.trusts /opt/bootstrap "SLSRUNTIME=$language" &&
		answers "{}" true
	'
done

needs bwrap "$qemu"
fetch_all

for language in $languages
do
	check "a handler answers with the layer for $language for the other machine, which has the modules that are compiled" '
		make_root bookworm "$arch" &&
		emulate $language &&
		write_$language &&
		serve_in_root modules.all /opt/bootstrap SLSEVENTS=raw &&
		answers "{}" "$answer"
	'
done

check 'a handler answers with Node.js from the layer for the other machine' '
	make_root bookworm "$arch" &&
	emulate nodejs &&
	serve_in_root handler.hello /opt/bootstrap SLSMIDDLEWARES=polite &&
	greets
'

finish
