#!/bin/sh
description='the packed layers: their files, modes and bytes'
. ./lib/lib.sh

# unpack ZIP: extracts it into opt, as Lambda does. Python's own extraction restores neither links nor modes.
unpack() {
	python3 "$tests/lib/unzip.py" "$1" opt
}

# layer: prints the layer for this machine.
layer() {
	echo "$repository/dist/open-runtime-$arch.zip"
}

# other_layer: prints the layer for the other architecture.
other_layer() {
	case $arch in
	x86_64)
		echo "$repository/dist/open-runtime-arm64.zip"
		;;
	*)
		echo "$repository/dist/open-runtime-x86_64.zip"
		;;
	esac
}

check 'the layer consists of what was built and the wrapper' '
	unpack "$(layer)" &&
	same bootstrap "$(readlink opt/open-runtime)" &&
	rm opt/open-runtime opt/open-runtime.json opt/LICENSE opt/THIRD-PARTY &&
	diff -r -x __pycache__ "$repository/dist/$arch" opt
'

check 'executables have the execute bit, links are links, and the layer has no other files' '
	unpack "$(layer)" &&
	test -x opt/bootstrap &&
	for folder in nodejs php python ruby perl sh
	do
		test -x opt/runtimes/$folder/language-runtime || return
	done &&
	same nodejs "$(readlink opt/runtimes/js)" &&
	same ../bootstrap "$(readlink opt/bin/json)" &&
	same "LICENSE THIRD-PARTY bin bootstrap open-runtime open-runtime.json runtimes " "$(LC_ALL=C ls opt | tr "\n" " ")"
'

# stamped ZIP NAME ARCH: the zip names the layer, its version and its architecture, and has the licence.
stamped() {
	rm -rf opt &&
		unpack "$1" &&
		version=$(cd "$repository" && cargo pkgid --locked | sed "s/.*[@#]//") &&
		same "{\"name\":\"$2\",\"version\":\"$version\",\"architecture\":\"$3\"}" "$(cat "opt/$2.json")" &&
		cmp "$repository/LICENSE" opt/LICENSE
}

check 'both layers name their version and architecture, and have the licence' '
	stamped "$repository/dist/open-runtime-x86_64.zip" open-runtime x86_64 &&
	stamped "$repository/dist/open-runtime-arm64.zip" open-runtime arm64
'

check 'a zip has less than 400 KB' '
	test "$(wc -c <"$(layer)")" -lt 400000 &&
	test "$(wc -c <"$(other_layer)")" -lt 400000
'

check 'the bytes of a zip do not depend on times, the umask or the order of directory entries' '
	unpack "$(layer)" &&
	mkdir again &&
	tar cf - -C opt $(ls -r opt) | tar xf - -C again &&
	find again -exec touch -h -d 2001-02-03 "{}" + &&
	chmod -R g+w,o-r again &&
	"$repository/scripts/pack" again.zip again &&
	cmp again.zip "$(layer)" &&
	python3 -c "
import zipfile
names = zipfile.ZipFile(\"again.zip\").namelist()
assert names == sorted(names), names"
'

check 'SHA256SUMS has the sums of both layers and of their SBOMs' '
	cd "$repository/dist" &&
	sha256sum -c SHA256SUMS &&
	for layer in x86_64 arm64
	do
		grep "  open-runtime-$layer.zip$" SHA256SUMS && grep "  open-runtime-$layer.cdx.json$" SHA256SUMS || return
	done
'

needs node

check 'a function answers with the unpacked layer' '
	unpack "$(layer)" &&
	bootstrap=$work/opt/bootstrap &&
	start_lambda nodejs:handler.echo &&
	answers "{\"a\":1}" "{\"a\":1}"
'

needs qemu-aarch64-static

# If this machine cannot run programs of the other architecture, a script replaces bootstrap.
check 'a function answers with the unpacked layer for arm64' '
	unpack "$repository/dist/open-runtime-arm64.zip" &&
	file opt/bootstrap | grep "ARM aarch64.*statically linked" &&
	printf "#!/bin/sh\nexec qemu-aarch64-static \"%s\"\n" "$work/opt/bootstrap" >bootstrap &&
	chmod +x bootstrap &&
	bootstrap=$work/bootstrap &&
	start_lambda nodejs:handler.echo --env "SLSRUNTIME=$work/opt/runtimes/nodejs" &&
	answers "{\"a\":1}" "{\"a\":1}" &&
	invoke "{\"x\":\"$(head -c 100000 /dev/zero | tr "\0" x)\"}" &&
	succeeded
'

finish
