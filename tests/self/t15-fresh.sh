#!/bin/sh
description='a fresh machine: setup and scripts/fresh-machine name what it needs'
. ./lib/lib.sh

# pretend PROGRAM LINE: puts a program of that name first in PATH, which prints this line.
pretend() {
	mkdir -p bin &&
		printf '#!/bin/sh\necho "%s"\n' "$2" >"bin/$1" &&
		chmod +x "bin/$1" &&
		PATH=$work/bin:$PATH
}

# plan ARGUMENT…: prints the commands that fresh-machine would run.
plan() {
	PRINT=1 "$repository/scripts/fresh-machine" "$@" >printed 2>told
}

check 'setup refuses a Rust that is older than Cargo.toml requires, and says where to get a newer one' '
	pretend rustc "rustc 1.87.9 (of old)" &&
	fails_to "$repository/scripts/setup" tool 2>told &&
	says told "Rust 1.87.9 is too old: 1.88 or later is needed" &&
	says told "https://rustup.rs" &&
	pretend rustc "rustc 1.100.0 (of late)" &&
	"$repository/scripts/setup" tool
'

check 'setup says where to get clippy, which Debian does not package' '
	pretend rustc "rustc 1.100.0 (of late)" &&
	pretend cargo "cargo 1.100.0" &&
	for program in gcc readelf git python3 shellcheck dash bash
	do
		pretend $program 0 || return
	done
	test -e /usr/bin/cargo-clippy || {
		fails_to env PATH="$work/bin:/usr/bin:/bin" "$repository/scripts/setup" check 2>told &&
			says told "rustup component add clippy rustfmt"
	}
'

check 'the README and Cargo.toml require the same version of Rust' '
	oldest=$(sed -n "s/^rust-version = \"\(.*\)\"/\1/p" "$repository/Cargo.toml") &&
	says "$repository/README.md" "Rust $oldest or later"
'

check 'fresh-machine prints the commands of the README, with and without those of rustup' '
	plan 13 debian &&
	says printed "apt-get install -y --no-install-recommends ca-certificates git make" &&
	fails_to grep rustup printed &&
	same "cd open-runtime make run && make test" "$(tail -n 2 printed | paste -s -d " ")" &&
	plan 12 rustup "make layer" &&
	says printed "https://sh.rustup.rs" &&
	says printed ". \"\$HOME/.cargo/env\"" &&
	same "make layer" "$(tail -n 1 printed)" &&
	while read -r line
	do
		grep -qxF -e "$line" "$repository/README.md" || return
	done <<-END
	$(grep -v -e "^cd open-runtime" -e "^make layer" printed)
	END
'

check 'fresh-machine refuses an unknown release, an unknown way, an extra argument, and a user who is not root' '
	for arguments in "11 debian" "13 other" "13 debian true more"
	do
		# shellcheck disable=SC2086 # a list of words
		plan $arguments
		same 2 $? &&
		says told "usage:" || return
	done
	pretend id 1000 &&
	fails_to "$repository/scripts/fresh-machine" 13 debian 2>told &&
	says told "needs root"
'

finish
