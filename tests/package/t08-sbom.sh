#!/bin/sh
description='the lists of what is in the layers'
. ./lib/lib.sh

check 'they keep to the schema of CycloneDX, and name all that is linked into bootstrap' '
	"$tests/package/sbom/validate" x86_64 arm64
'

check 'they name the compiler that is here, and how bootstrap was built' '
	list=$repository/dist/open-runtime-$arch.cdx.json &&
	says "$list" "$(sed -n "s/^commit-hash: //p" "$repository/dist/.made/$arch/rustc")" &&
	says "$list" "$(cat "$repository/dist/.made/$arch/way")"
'

# A copy of the script in a repository of their own, where a pin is another one.
check 'a source of the standard library with another hash than the one that is pinned is refused' '
	mkdir -p copy/dist &&
	cp -R "$repository/scripts" "$repository/Cargo.toml" "$repository/Cargo.lock" copy &&
	cp -R "$repository/dist/.made" "$repository/dist/$arch" "$repository/dist/open-runtime-$arch.zip" copy/dist &&
	copy/scripts/sbom "$arch" &&
	cmp "copy/dist/open-runtime-$arch.cdx.json" "$repository/dist/open-runtime-$arch.cdx.json" || return
	! grep WAY=rustup "copy/dist/.made/$arch/way" || {
		sed -i "s/^.*\( rust-src-\)/$(printf %064d 0) \1/" copy/scripts/toolchain &&
			fails_to copy/scripts/sbom "$arch" 2>told &&
			says told "sbom: cannot trust rust-src-"
	}
'

finish
