#!/bin/sh
description='the SBOMs of the layers'
. ./lib/lib.sh

check 'the SBOMs conform to the schema of CycloneDX, and name everything that is linked into bootstrap' '
	"$tests/package/sbom/validate" x86_64 arm64
'

check 'the SBOMs name the installed compiler, and how bootstrap was built' '
	list=$repository/dist/open-runtime-$arch.cdx.json &&
	says "$list" "$(sed -n "s/^commit-hash: //p" "$repository/dist/.made/$arch/rustc")" &&
	says "$list" "$(cat "$repository/dist/.made/$arch/way")"
'

# Runs a copy of the script in its own repository, with another pin.
check 'a source of the standard library that does not have the pinned hash is refused' '
	mkdir -p copy/dist &&
	cp -R "$repository/scripts" "$repository/Cargo.toml" "$repository/Cargo.lock" copy &&
	cp -R "$repository/dist/.made" "$repository/dist/$arch" "$repository/dist/open-runtime-$arch.zip" copy/dist &&
	copy/scripts/sbom "$arch" 2>told &&
	cmp "copy/dist/open-runtime-$arch.cdx.json" "$repository/dist/open-runtime-$arch.cdx.json" || return
	! grep WAY=rustup "copy/dist/.made/$arch/way" || says told "has no hash of rust-src-" || { # which another release of Rust has not
		sed -i "s/^.*\( rust-src-\)/$(printf %064d 0) \1/" copy/scripts/toolchain &&
			fails_to copy/scripts/sbom "$arch" 2>told &&
			says told "sbom: cannot trust rust-src-"
	}
'

finish
