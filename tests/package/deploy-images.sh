#!/bin/sh
description="runtime images for customer-managed runtimes: built again, read by skopeo, and run under AWS's emulator"
. ./lib/lib.sh
. ./lib/rie.sh
. ./lib/root.sh
. ./package/deploy/lib.sh

languages='nodejs python ruby php perl sh'
example=${repository:?}/example/runtime-image
export example

# fetch_botocore: installs cfn-lint and botocore, from the same lock file as the other tests that deploy.
fetch_botocore() {
	fetch_venv "$tests/package/deploy/requirements.txt" "$tools/venv"
}

archive() {
	echo "$repository/dist/open-runtime-$1.oci.tar"
}

# unpack LANGUAGE MACHINE: unpacks the image into the folder root.
unpack() {
	rm -rf layout root &&
		skopeo --insecure-policy --override-os linux --override-arch "$2" copy --quiet "oci-archive:$(archive "$1")" oci:layout:image &&
		umoci raw unpack --rootless --image layout:image root
}

# This machine, in OCI's words.
case $arch in
arm64)
	own=arm64
	;;
*)
	own=amd64
	;;
esac

# make_root LANGUAGE: makes the folder root from the image, with the example as the function.
make_root() {
	unpack "$1" "$own" &&
		test -z "$(ls root/opt)$(ls root/var/task)" &&
		cp "$rie" root/rie &&
		cp -R "$repository/example/." root/var/task &&
		chmod -R go=rX root
}

# handler_of LANGUAGE: prints the handler of the example.
handler_of() {
	case $1 in
	nodejs)
		echo handler.hello
		;;
	*)
		echo "$1/handler.hello"
		;;
	esac
}

serve_image() {
	serve_in_root "$1" /var/runtime/bootstrap LAMBDA_RUNTIME_DIR=/var/runtime PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin "$2"
}

# replace_all FOLDER: the folder gets a language runtime, a middleware and an interpreter that would be noticed.
replace_all() {
	mkdir -p "$1/runtimes/js" "$1/middlewares" "$1/nodejs/bin" &&
		cp "$tests/fakes/runtimes/echoes" "$1/runtimes/js/language-runtime" &&
		printf '#!/bin/sh\ntest "$1" != after || echo 1\n' >"$1/middlewares/company" &&
		printf '#!/bin/sh\nexit 9\n' >"$1/nodejs/bin/node" &&
		chmod 755 "$1/runtimes/js/language-runtime" "$1/middlewares/company" "$1/nodejs/bin/node"
}

needs umoci
needs skopeo
needs bwrap
fetch emulator fetch_rie

for language in $languages
do
	check "the image for $language answers with nothing but its /var/runtime and the function" '
		make_root $language &&
		serve_image "$(handler_of $language)" SLSEVENTS=raw &&
		invoke "{\"name\": \"Grace\"}" &&
		succeeded &&
		says response "\"message\":\"Hello, Grace!\""
	'
done

check 'Python trusts the certificates of the image' '
	make_root python &&
	printf "import ssl\ndef count(event, context): return len(ssl.create_default_context().get_ca_certs())\n" >root/var/task/certificates.py &&
	serve_image certificates.count SLSEVENTS=raw &&
	invoke "{}" &&
	succeeded &&
	test "$(cat response)" -gt 100
'

check 'layers and code of the function replace nothing in the image' '
	make_root nodejs &&
	cp "$example/middlewares/company" root/var/runtime/middlewares &&
	replace_all root/opt &&
	cp root/opt/runtimes/js/language-runtime root/opt/language-runtime &&
	replace_all root/var/task &&
	serve_image handler.hello SLSMIDDLEWARES=company &&
	answers "{\"name\": \"Grace\"}" "{\"company\":true,\"message\":\"Hello, Grace!\",\"event\":\"free-form JSON\"}"
'

check 'they replace it if the publisher has not sealed the image' '
	make_root nodejs &&
	rm root/var/runtime/sealed &&
	replace_all root/opt &&
	serve_image handler.hello SLSMIDDLEWARES=company &&
	answers "{\"name\": \"Grace\"}" 1
'

check 'each image has its labels, its licence and its list of components' '
	for language in $languages
	do
		for machine in amd64 arm64
		do
			skopeo --override-os linux --override-arch $machine inspect --config "oci-archive:$(archive $language)" >config.json &&
				python3 -c "
import json, sys
config = json.load(open(\"config.json\"))
labels = {name.removeprefix(\"org.opencontainers.image.\"): text for name, text in config[\"config\"][\"Labels\"].items()}
assert config[\"architecture\"] == sys.argv[2] and config[\"config\"][\"Entrypoint\"] == [\"/var/runtime/bootstrap\"], config
assert labels[\"title\"] == \"open-runtime-\" + sys.argv[1] and labels[\"version\"] and \"Apache-2.0\" in labels[\"licenses\"], labels
assert config[\"created\"] == labels[\"created\"] == \"1980-01-01T00:00:00Z\", config" $language $machine &&
				unpack $language $machine &&
				cmp root/var/runtime/LICENSE "$repository/LICENSE" &&
				test -s root/var/runtime/THIRD-PARTY &&
				test -e root/var/runtime/sealed &&
				cp root/var/runtime/sbom.cdx.json "sbom-$language-$machine.json" || return
		done
	done &&
	"$tests/package/sbom/validate" --image "$PWD"/sbom-*.json
'

check 'an image has the programs of its machine' '
	unpack nodejs arm64 &&
	file root/var/runtime/bootstrap | grep "ARM aarch64" &&
	file root/var/lang/bin/node | grep "ARM aarch64" &&
	file root/usr/bin/dash | grep "ARM aarch64" &&
	unpack python arm64 &&
	file root/var/lang/bin/python3 | grep "ARM aarch64" &&
	unpack python amd64 &&
	file root/var/lang/bin/python3 | grep "x86-64"
'

check 'the same sources make the same bytes in another folder, with another umask' '
	mkdir -p another/dist &&
	cp -R "$repository/scripts" "$repository/Cargo.toml" "$repository/Cargo.lock" "$repository/LICENSE" another &&
	mkdir -p another/tests/lib another/runtimes another/.cache &&
	cp "$tests/lib/unzip.py" another/tests/lib &&
	cp -R "$repository/dist/x86_64" "$repository/dist/arm64" "$repository/dist/.made" "$repository"/dist/*.zip another/dist &&
	cp -R "$repository/.cache/images" another/.cache &&
	(umask 077 && another/scripts/image nodejs sh) &&
	cmp another/dist/open-runtime-nodejs.oci.tar "$(archive nodejs)" &&
	cmp another/dist/open-runtime-sh.oci.tar "$(archive sh)"
'

check 'another folder of middlewares is in the image, and SEALED=no leaves the seal out' '
	mkdir -p another/dist another/tests/lib another/.cache &&
	cp -R "$repository/scripts" "$repository/Cargo.toml" "$repository/Cargo.lock" "$repository/LICENSE" another &&
	cp "$tests/lib/unzip.py" another/tests/lib &&
	cp -R "$repository/dist/x86_64" "$repository/dist/arm64" "$repository/dist/.made" another/dist &&
	cp -R "$repository/.cache/images" another/.cache &&
	MIDDLEWARES=$example/middlewares SEALED=no another/scripts/image sh &&
	skopeo --insecure-policy --override-os linux --override-arch amd64 copy --quiet "oci-archive:another/dist/open-runtime-sh.oci.tar" oci:layout:image &&
	umoci raw unpack --rootless --image layout:image root &&
	cmp root/var/runtime/middlewares/company "$example/middlewares/company" &&
	test ! -e root/var/runtime/sealed
'

# There is no container engine. The files that the Dockerfile copies are put into the root of the image, in place of those there.
check 'what the Dockerfile copies answers, with the middleware of the company' '
	make_root nodejs &&
	rm -r root/var/runtime &&
	mkdir root/var/runtime &&
	sed -n "s/^COPY //p" "$example/Dockerfile" | sed "s,\${ARCH},$arch,g; s,.* ,& ," >copies &&
	while read -r copied
	do
		to=${copied##* }
		for from in ${copied% *}
		do
			cp -RP "$repository/$from" "root$to" || return
		done
	done <copies &&
	chmod -R go=rX root &&
	test -e root/var/runtime/sealed && test -e root/var/runtime/LICENSE &&
	serve_image handler.hello SLSMIDDLEWARES=company &&
	answers "{\"name\": \"Grace\"}" "{\"company\":true,\"message\":\"Hello, Grace!\",\"event\":\"free-form JSON\"}"
'

needs
fetch 'cfn-lint and botocore' fetch_botocore

check 'botocore accepts the parameters of each command in the document' '
	python "$tests/package/deploy/recipes.py" "$repository/docs/runtime-images.md" >operations &&
	says operations "lambda-core create-runtime" &&
	says operations "lambda-core create-runtime-version" &&
	says operations "lambda-core create-runtime-alias" &&
	says operations "lambda-core update-runtime-alias" &&
	says operations "lambda create-function"
'

check 'a wrong parameter in a command is noticed' '
	for change in "s/--dry-run/--dry-runs/" "s/--image-uri/--image/" "s/--name prod/--name pr:od/" "s/--runtime custom/--runtime customs/" "s/create-runtime-alias/make-runtime-alias/"
	do
		sed "$change" "$repository/docs/runtime-images.md" >changed.md &&
			fails_to cmp -s changed.md "$repository/docs/runtime-images.md" &&
			fails_to python "$tests/package/deploy/recipes.py" changed.md || return
	done
'

# cfn-lint 1.58 does not know the three types, and not RuntimeConfig. botocore has their properties, by the same names.
check 'cfn-lint reports nothing but what it does not know, and the properties are those of the API' '
	cfn-lint --ignore-checks E3006 -- "$example/publisher.yaml" &&
	{ cfn-lint --format parseable -- "$example/template.yaml" >told || :; } &&
	same 1 "$(grep -c . told)" &&
	says told RuntimeConfig &&
	python "$tests/package/deploy/recipes.py" "$example/publisher.yaml" "$example/template.yaml" >operations &&
	same "CreateFunction CreateRuntime CreateRuntimeAlias CreateRuntimeVersion " "$(tr "\n" " " <operations)" &&
	sed "s/ImageUri: !Ref/ImageUrl: !Ref/" "$example/publisher.yaml" >changed.yaml &&
	fails_to python "$tests/package/deploy/recipes.py" changed.yaml
'

finish
