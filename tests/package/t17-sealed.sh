#!/bin/sh
description='a sealed runtime image: layers and code of a function replace nothing that its publisher put there'
. ./lib/lib.sh

built=${bootstrap:?}

# make_image: a folder with what a runtime image has in /var/runtime. bootstrap is started from there.
make_image() {
	mkdir -p image/middlewares &&
		cp -RP "$built" "$repository/runtimes" image &&
		says_who image image/middlewares/who &&
		says_who task task/middlewares/who &&
		bootstrap=$work/image/bootstrap
}

# says_who OWNER FILE: writes a middleware whose response is its owner.
says_who() {
	mkdir -p "${2%/*}" &&
		printf '#!/bin/sh\ntest "$1" != after || echo \\"%s\\"\n' "$1" >"$2" &&
		chmod +x "$2"
}

# replace_runtime: the code of the function brings a language runtime for Node.js.
replace_runtime() {
	mkdir -p task/runtimes/js &&
		cp "$tests/fakes/runtimes/echoes" task/runtimes/js/language-runtime
}

check 'a middleware of the code replaces that of the image, but not if the image is sealed' '
	make_image &&
	start_lambda echoes --env SLSMIDDLEWARES=who &&
	answers "{}" "\"task\"" &&
	stop_lambda &&
	touch image/sealed &&
	start_lambda echoes --env SLSMIDDLEWARES=who &&
	answers "{}" "\"image\""
'

needs node

check 'a language runtime of the code replaces that of the image, but not if the image is sealed' '
	make_image &&
	replace_runtime &&
	echo "exports.hello = async () => 7" >task/seven.js &&
	start_lambda nodejs:seven.hello &&
	answers "[1]" "[1]" &&
	stop_lambda &&
	touch image/sealed &&
	start_lambda nodejs:seven.hello &&
	answers "[1]" 7
'

check 'a function of a sealed image may bring what the image does not have' '
	make_image &&
	touch image/sealed &&
	says_who task task/middlewares/own &&
	start_lambda echoes --env SLSMIDDLEWARES=own,who &&
	answers "{}" "\"task\"" &&
	stop_lambda &&
	mkdir -p task/runtimes/abc &&
	cp "$tests/fakes/runtimes/echoes" task/runtimes/abc/language-runtime &&
	start_lambda nodejs:handler.echo --env SLSRUNTIME=abc &&
	answers "[1]" "[1]"
'

check 'the language runtime of a sealed image is used for every handler' '
	make_image &&
	touch image/sealed &&
	cp "$tests/fakes/runtimes/echoes" image/language-runtime &&
	start_lambda nodejs:handler.no-such-function &&
	answers "[1]" "[1]"
'

# places FOLDER: prints the Init error of a language runtime in that folder whose interpreter is nowhere.
places() {
	# shellcheck disable=SC2016 # sh expands it
	PATH=/usr/bin:/bin sh -c 'here=$1; . "$here/../interpreter.sh"; find_interpreter cobol cobol "" .cobol' sh "$1"
}

check 'the interpreter of a layer is the first, but the last for a sealed image' '
	make_image &&
	fails_to places "$work/image/runtimes/sh" >told &&
	says told "looked in /opt/cobol/bin, /var/lang/bin, /usr/bin, /bin\"" &&
	touch image/sealed &&
	fails_to places "$work/image/runtimes/sh" >told &&
	says told "looked in /var/lang/bin, /usr/bin, /bin, /opt/cobol/bin\""
'

finish
