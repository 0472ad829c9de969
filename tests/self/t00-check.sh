#!/bin/sh
description='scripts/check: each of its parts finds its kind of fault'
. ./lib/lib.sh

# small_repository: makes a package with a tool, fuzz targets, a script, a program and scripts/check, without a fault.
small_repository() {
	mkdir -p scripts src/tool fuzz/src &&
		cp "$repository/scripts/check" scripts &&
		printf '[package]\nname = "open-runtime"\nedition = "2024"\n[features]\ninstall = ["tool"]\ntool = []\n[[bin]]\nname = "bootstrap"\npath = "src/main.rs"\n' >Cargo.toml &&
		printf '[[bin]]\nname = "open-runtime"\npath = "src/tool/main.rs"\nrequired-features = ["tool"]\n' >>Cargo.toml &&
		printf '[package]\nname = "fuzz"\nedition = "2024"\n[workspace]\n' >fuzz/Cargo.toml &&
		echo '//! A library.' >src/lib.rs &&
		echo 'fn main() {}' | tee src/main.rs src/tool/main.rs >fuzz/src/main.rs &&
		echo target >.gitignore &&
		git init --quiet &&
		unset CARGO_TARGET_DIR &&
		cargo generate-lockfile --offline --quiet &&
		cargo generate-lockfile --offline --quiet --manifest-path fuzz/Cargo.toml
}

# notices PART FILE LINES TEXT: with these lines in the file, that part fails, and its output contains the text.
notices() {
	mkdir -p kept &&
		{ test ! -e "$2" || cp "$2" kept/file; } &&
		printf "%b\n" "$3" >"$2" &&
		fails_to scripts/check "$1" >told 2>&1 &&
		says told "$4" &&
		rm "$2" &&
		{ test ! -e kept/file || mv kept/file "$2"; }
}

# Debian's newest Rust comes without clippy.
needs cargo-clippy

check 'scripts/check reports nothing if there is no fault' '
	small_repository &&
	scripts/check rust docs fuzz python >told 2>&1 &&
	same "check: rust check: docs check: fuzz check: python " "$(tr "\n" " " <told)"
'

check 'clippy and rustfmt check the library, and the code that only the tool compiles' '
	small_repository &&
	notices rust src/lib.rs "pub  fn a() {}" "Diff in" &&
	notices rust src/lib.rs "pub fn a(b: &Vec<u8>) -> usize {\n    b.len()\n}" "clippy::ptr-arg" &&
	notices rust src/tool/main.rs "fn main() {\n    let a = 1;\n}" "unused variable"
'

needs git

check 'a broken link is found in the library, in bootstrap and in the tool, also at private items' '
	small_repository &&
	notices docs src/lib.rs "//! A [Missing]." "unresolved link" &&
	notices docs src/main.rs "/// A [Missing].\nfn main() {}" "unresolved link" &&
	notices docs src/tool/main.rs "/// A [Missing].\nfn main() {}" "unresolved link"
'

needs cargo-clippy

check 'the fuzz targets are checked' '
	small_repository &&
	notices fuzz fuzz/src/main.rs "fn  main() {}" "Diff in" &&
	notices fuzz fuzz/src/main.rs "fn main() {\n    let a = 1;\n}" "unused variable"
'

needs git

check 'Python programs are found by their file extension, and by their first line' '
	small_repository &&
	notices python a.py "def" "cannot compile a.py" &&
	notices python a "#!/usr/bin/env python3\ndef" "cannot compile a"
'

check 'an unknown part is refused' '
	fails_to "$repository/scripts/check" other 2>told &&
	says told "check: there is no part other"
'

needs shellcheck

check 'shell scripts are found by their first line' '
	small_repository &&
	scripts/check shell &&
	for first in "#!/bin/sh" "#!/usr/bin/env bash" "# shellcheck shell=sh"
	do
		notices shell a "$first\necho \$1" "SC2086" || return
	done
'

finish
