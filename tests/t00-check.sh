#!/bin/sh
description='scripts/check: each of its parts notices what it is for'
. ./lib.sh

# small_repository: a package with a tool, fuzz targets, a script and a program, and scripts/check; nothing is wrong with it.
small_repository() {
	mkdir -p scripts src/tool fuzz/src &&
		cp "$repository/scripts/check" scripts &&
		printf '[package]\nname = "open-runtime"\nedition = "2024"\n[features]\ntool = []\n[[bin]]\nname = "bootstrap"\npath = "src/main.rs"\n' >Cargo.toml &&
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

# notices PART FILE LINES TEXT: with these lines in place of the file, that part fails, and says the text.
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

check 'it has nothing to say where nothing is wrong' '
	small_repository &&
	scripts/check rust docs fuzz python >told 2>&1 &&
	same "check: rust check: docs check: fuzz check: python " "$(tr "\n" " " <told)"
'

check 'clippy and rustfmt read the library, and what is compiled with the tool alone' '
	small_repository &&
	notices rust src/lib.rs "pub  fn a() {}" "Diff in" &&
	notices rust src/lib.rs "pub fn a(b: &Vec<u8>) -> usize {\n    b.len()\n}" "clippy::ptr-arg" &&
	notices rust src/tool/main.rs "fn main() {\n    let a = 1;\n}" "unused variable"
'

needs git

check 'a link that leads nowhere is found in the library, in bootstrap and in the tool, at private items, too' '
	small_repository &&
	notices docs src/lib.rs "//! A [Missing]." "unresolved link" &&
	notices docs src/main.rs "/// A [Missing].\nfn main() {}" "unresolved link" &&
	notices docs src/tool/main.rs "/// A [Missing].\nfn main() {}" "unresolved link"
'

needs cargo-clippy

check 'the fuzz targets are read' '
	small_repository &&
	notices fuzz fuzz/src/main.rs "fn  main() {}" "Diff in" &&
	notices fuzz fuzz/src/main.rs "fn main() {\n    let a = 1;\n}" "unused variable"
'

needs git

check 'programs of Python are those of that name, and those that say so in their first line' '
	small_repository &&
	notices python a.py "def" "cannot read a.py" &&
	notices python a "#!/usr/bin/env python3\ndef" "cannot read a"
'

check 'a part that it does not have is refused' '
	fails_to "$repository/scripts/check" other 2>told &&
	says told "check: there is no part other"
'

needs shellcheck

check 'scripts are those that say so in their first line' '
	small_repository &&
	scripts/check shell &&
	for first in "#!/bin/sh" "#!/usr/bin/env bash" "# shellcheck shell=sh"
	do
		notices shell a "$first\necho \$1" "SC2086" || return
	done
'

finish
