#!/bin/sh
description='what a fresh machine needs'
. ./lib.sh

# pretend PROGRAM LINE: a program of that name, in front of the others, that prints this line.
pretend() {
	mkdir -p bin &&
		printf '#!/bin/sh\necho "%s"\n' "$2" >"bin/$1" &&
		chmod +x "bin/$1" &&
		PATH=$work/bin:$PATH
}

check 'setup refuses a Rust that is older than Cargo.toml says, and says where another is' '
	pretend rustc "rustc 1.87.9 (of old)" &&
	fails_to "$repository/scripts/setup" tool 2>told &&
	says told "Rust 1.87.9 is too old: 1.88 or later is needed" &&
	says told "https://rustup.rs" &&
	pretend rustc "rustc 1.100.0 (of late)" &&
	"$repository/scripts/setup" tool
'

check 'the README asks for the Rust that Cargo.toml does' '
	oldest=$(sed -n "s/^rust-version = \"\(.*\)\"/\1/p" "$repository/Cargo.toml") &&
	says "$repository/README.md" "Rust $oldest or later"
'

finish
