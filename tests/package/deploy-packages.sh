#!/bin/sh
description='the packages for PyPI and npm: installed into bare environments, they run the example, and leave nothing behind'
. ./lib/lib.sh

packages=$repository/dist/packages
tools=$repository/.cache/packages
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repository/Cargo.toml")
case $arch in
arm64)
	machine=aarch64 npm_machine=arm64
	;;
*)
	machine=x86_64 npm_machine=x64
	;;
esac
wheel=open_runtime-$version-py3-none-manylinux_2_17_$machine.manylinux2014_$machine.musllinux_1_1_$machine.whl
export wheel="$packages/$wheel"

# bare COMMAND [ARGUMENT…]: runs it as on a machine where there is nothing else: no variables, no other open-runtime.
bare() {
	env -i HOME="$work/home" PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" LANG=C.UTF-8 OPEN_RUNTIME_TEST="$OPEN_RUNTIME_TEST" "$@"
}

# runs_the_example COMMAND…: the command is open-runtime. It runs the example with what is in its own package.
runs_the_example() {
	bare "$@" --version >told &&
		same "open-runtime $version" "$(cat told)" &&
		bare "$@" invoke handler.hello --quiet --task-root "$repository/example" -d "{\"name\": \"Ada\"}" >response &&
		same_json "{\"message\":\"Hello, Ada!\",\"event\":\"free-form JSON\"}" response &&
		bare "$@" invoke python/handler.hello --quiet --task-root "$repository/example" -d "{}" --env SLSMIDDLEWARES=redact >response &&
		same_json "{\"message\":\"Hello, world!\",\"event\":\"free-form JSON\"}" response &&
		bare "$@" invoke sh/handler.hello --quiet --task-root "$repository/example" -d "{\"name\": \"Ada\"}" >response &&
		same_json "{\"message\":\"Hello, Ada!\"}" response &&
		bare "$@" layer arm64 --output layer.zip &&
		cmp layer.zip "$repository/dist/open-runtime-arm64.zip"
}

# names FOLDER: prints the files in it, without what Python compiles of pip. pip and npm leave empty folders.
names() {
	(cd "$1" && find . -path "./lib/*/__pycache__" -prune -o ! -type d -print | sort)
}

check 'there are a wheel and a package for npm for each machine, a command for npm, and their sums' '
	cd "$packages" &&
	sha256sum --quiet --check --strict SHA256SUMS &&
	same "$(printf "%s\n" "open-runtime-$version.tgz" "open-runtime-linux-arm64-$version.tgz" "open-runtime-linux-x64-$version.tgz" \
		"open_runtime-$version-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl" \
		"open_runtime-$version-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl")" "$(ls | grep -v SHA256SUMS | LC_ALL=C sort)"
'

check 'both programs of each machine are static, and for that machine' '
	for each in x86_64:x86-64 arm64:aarch64
	do
		root=$repository/dist/.packages/${each%%:*}
		for program in bin/open-runtime share/open-runtime/bootstrap
		do
			file "$root/$program" >told &&
			says told "statically linked" &&
			says told "${each#*:}" || return
		done
	done
'

check 'the same folders give the same bytes, whenever and however they were made' '
	mkdir -p copy/dist/packages copy/scripts && cd copy &&
	cp -R "$repository/dist/.packages" dist &&
	cp "$repository/Cargo.toml" "$repository/LICENSE" . &&
	cp "$repository"/scripts/package* scripts &&
	chmod -R g+w dist &&
	scripts/package wheel x86_64 arm64 &&
	scripts/package npm x86_64 arm64 &&
	cp "$packages/SHA256SUMS" dist/packages &&
	diff -r dist/packages "$packages" &&
	SOURCE_DATE_EPOCH=1700000000 scripts/package wheel "$arch" &&
	fails_to cmp "dist/packages/${wheel##*/}" "$wheel"
'

# of_npm PYTHON-EXPRESSION: prints its value for package, the package.json of the command.
of_npm() {
	tar -xOzf "$packages/open-runtime-$version.tgz" package/package.json | python3 -c "
import json, sys
package = json.load(sys.stdin)
print($1)"
}

check 'the packages for npm run nothing when they are installed, have a licence, and can have a provenance' '
	same "False" "$(of_npm "\"scripts\" in package")" &&
	same "Apache-2.0 True public" "$(of_npm "package[\"license\"], package[\"publishConfig\"][\"provenance\"], package[\"publishConfig\"][\"access\"]" | tr -d "(),'\''")" &&
	same "$version $version" "$(of_npm "*package[\"optionalDependencies\"].values()")" &&
	for each in "$packages"/*.tgz
	do
		tar -tzf "$each" >listed &&
		grep -qx package/LICENSE listed &&
		tar -tzvf "$each" >modes &&
		fails_to grep "^[lh]" modes || return
	done &&
	tar -tzf "$packages/open-runtime-linux-x64-$version.tgz" >listed &&
	says listed package/licenses/THIRD-PARTY-open-runtime &&
	says listed package/licenses/THIRD-PARTY-bootstrap
'

needs python3

check 'pip installs the wheel without an index, it runs the example, and nothing of it is left when it is uninstalled' '
	python3 -m venv env &&
	names env >before &&
	bare env/bin/python -m pip install --quiet --no-index "$wheel" &&
	bare env/bin/python -m pip check &&
	runs_the_example "$work/env/bin/open-runtime" &&
	test -s env/share/man/man1/open-runtime-invoke.1 &&
	bare env/bin/python -m pip uninstall --quiet --yes open-runtime &&
	names env | diff before - &&
	same "" "$(find home -type f 2>/dev/null)"
'

fetch 'uv, pipx, twine, wheel and hadolint' fetch_venv "$tests/package/dist/requirements.txt" "$tools"

check 'twine accepts the wheels, and wheel finds each hash of RECORD right' '
	"$tools/bin/twine" check --strict "$packages"/*.whl >told &&
	fails_to grep -i warning told &&
	for each in "$packages"/*.whl
	do
		"$tools/bin/wheel" unpack --dest unpacked "$each" || return
	done
'

check 'pipx installs the wheel, its command and its manual are found, and nothing is left when it is uninstalled' '
	bare "$tools/bin/pipx" install --pip-args=--no-index "$wheel" &&
	runs_the_example "$work/home/.local/bin/open-runtime" &&
	test -s home/.local/share/man/man1/open-runtime.1 &&
	bare "$tools/bin/pipx" uninstall open-runtime &&
	same "" "$(find home -path home/.cache -prune -o -name "open*runtime*" -print)"
'

check 'uvx runs the tool of the wheel' '
	runs_the_example "$tools/bin/uvx" --offline --from "$wheel" open-runtime
'

check 'hadolint finds nothing in any Dockerfile' '
	for file in Dockerfile example/Dockerfile example/runtime-image/Dockerfile
	do
		"$tools/bin/hadolint" "$repository/$file" || return
	done &&
	"$open_runtime" init perl hello &&
	"$tools/bin/hadolint" --ignore DL3008 hello/Dockerfile &&
	sed "s/^COPY/ADD/" "$repository/Dockerfile" >Dockerfile &&
	fails_to "$tools/bin/hadolint" Dockerfile
'

# of_devcontainer PYTHON-EXPRESSION: prints its value for container, which is devcontainer.json.
of_devcontainer() {
	python3 -c "
import json, sys
container = json.load(open(sys.argv[1]))
print($1)" "$repository/.devcontainer/devcontainer.json"
}

check 'the dev container forwards the ports of the tool, and installs what the scripts need' '
	same "[9000, 9001]" "$(of_devcontainer "container[\"forwardPorts\"]")" &&
	of_devcontainer "container[\"postCreateCommand\"]" >command &&
	for step in $(grep -oE "scripts/setup [a-z]+" command | cut -d " " -f 2)
	do
		grep -qE "^	$step\)" "$repository/scripts/setup" || return
	done &&
	says command "scripts/setup test"
'

needs mmdebstrap
needs bwrap

check 'the image for a Mac can be built, and its tool runs the example in each language' '
	"$tests/package/deploy/dockerfile.py" "$repository/Dockerfile" "$repository" root >image &&
	for handler in handler python/handler ruby/handler php/handler perl/handler sh/handler
	do
		bwrap --ro-bind root / --proc /proc --dev /dev --tmpfs /tmp --ro-bind "$repository/example" /var/task --chdir /var/task \
			--unshare-user --uid 65534 --gid 65534 --clearenv --setenv PATH /usr/local/bin:/usr/bin:/bin --setenv OPEN_RUNTIME_TEST "$OPEN_RUNTIME_TEST" \
			open-runtime invoke "$handler.hello" --quiet -d "{\"name\": \"Ada\"}" >response &&
		says response "Hello, Ada!" || return
	done
'

needs npm

# npm_install: installs both packages into the folder project, without a registry.
npm_install() {
	mkdir -p project && cd project &&
		echo "{\"private\": true}" >package.json &&
		bare npm install --offline --no-audit --no-fund --loglevel=error --ignore-scripts=false \
			"$packages/open-runtime-linux-$npm_machine-$version.tgz" "$packages/open-runtime-$version.tgz" &&
		cd ..
}

check 'the packages for npm run the example by npx, and nothing of them is left when they are uninstalled' '
	npm_install &&
	cd project &&
	runs_the_example npx --offline open-runtime &&
	rm -f told response layer.zip &&
	bare npm uninstall --offline --no-audit --no-fund --loglevel=error open-runtime "@open-runtime/linux-$npm_machine" &&
	names . >left &&
	fails_to grep open-runtime left
'

# npx_serve NODE: starts serve by the command of npm, under that Node.js. Its process is $started.
npx_serve() {
	rm -f port
	env -i HOME="$work/home" PATH=/usr/bin:/bin OPEN_RUNTIME_TEST="$OPEN_RUNTIME_TEST" "$1" project/node_modules/.bin/open-runtime \
		serve handler.hello --port 0 --port-file port --quiet --task-root "$repository/example" >out 2>log &
	started=$!
	at_end "kill -9 $started 2>/dev/null; true"
	within 30000 test -s port
}

check 'the command of npm passes on exit statuses and signals' '
	npm_install &&
	ends_with 2 bare project/node_modules/.bin/open-runtime invoke 2>told &&
	ends_with 3 bare project/node_modules/.bin/open-runtime invoke handler.none --quiet --task-root "$repository/example" >told 2>&1 &&
	npx_serve node &&
	kill -TERM "$started" &&
	ends_with 0 wait "$started"
'

fetch 'newer versions of Node.js' "$tests/lib/npm-install" "$tests/runtimes/node-versions" "$repository/.cache/node-versions"

check 'under Node.js 24 the program takes the place of the command of npm, without a warning' '
	npm_install &&
	npx_serve "$repository/.cache/node-versions/node_modules/24-$npm_machine/bin/node" &&
	readlink "/proc/$started/exe" >told &&
	says told "linux-$npm_machine/bin/open-runtime" &&
	same "" "$(cat log)" &&
	kill -TERM "$started" &&
	ends_with 0 wait "$started"
'

check 'on another machine, or without the package for this one, the command of npm says what to do' '
	npm_install &&
	echo "Object.defineProperty(process, \"platform\", { value: \"darwin\" });" >mac.cjs &&
	ends_with 5 bare node --require ./mac.cjs project/node_modules/.bin/open-runtime --version 2>told &&
	says told "there is no program for darwin" &&
	rm -r project/node_modules/@open-runtime &&
	ends_with 5 bare project/node_modules/.bin/open-runtime --version 2>told &&
	says told "cannot find the package @open-runtime/linux-$npm_machine"
'

needs qemu-aarch64-static

check 'the program for arm64 runs' '
	same "open-runtime $version" "$(qemu-aarch64-static "$repository/dist/.packages/arm64/bin/open-runtime" --version)"
'

finish
