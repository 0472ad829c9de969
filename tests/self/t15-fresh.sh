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

# only PROGRAM…: makes a folder bin with these programs of the machine, for a PATH that has no others.
only() {
	mkdir bin &&
		for program
		do
			ln -s "$(env PATH=/usr/bin:/bin sh -c "command -v $program")" "bin/$program" || return
		done
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

check 'a layer asks for no Rust before the build, which installs one' '
	only sh dirname sed cut sort &&
		pretend python3 0 &&
		PATH=$work/bin "$repository/scripts/setup" layer
'

# bare_setup STATUS: setup on a machine without Python, whose apt-get installs 21 packages, the last one when the file go is there,
# and exits with that.
bare_setup() {
	only sh dirname sed cut sort sleep &&
		pretend rustc "rustc 1.100.0 (of late)" &&
		pretend cargo "cargo 1.100.0" &&
		pretend id 0 &&
		pretend dpkg amd64 &&
		cat >bin/apt-get <<-'END' &&
			#!/bin/sh
			test "$1" = install || exit 0
			echo "0 upgraded, 21 newly installed, 0 to remove and 0 not upgraded."
			echo "Need to get 12.5 MB/13.0 MB of archives."
			i=0
			until test $((i += 1)) -gt 21
			do
				until test "$i" -lt 21 || test -e go; do sleep 0.01; done
				echo "Setting up package-$i (1.0) ..."
			done
		END
		chmod +x bin/apt-get &&
		sed -i "s,test -e go,test -e $work/go," bin/apt-get &&
		echo "exit $1" >>bin/apt-get || return
	PATH=$work/bin "$repository/scripts/setup" layer >told 2>&1 &
	# shellcheck disable=SC2034 # the checks wait for it
	setup=$!
}

check 'setup says how far it is while apt-get installs' '
	bare_setup 0 &&
	within 10000 says told "setup: 21 packages, 12.5 MB to download" &&
	within 10000 says told "setup: 20 of 21 packages" &&
	fails_to grep "21 of 21" told &&
	touch go &&
	wait $setup &&
	same "setup: 21 of 21 packages" "$(tail -n 1 told)"
'

check 'setup fails when apt-get does' '
	bare_setup 100 &&
	touch go &&
	fails_to wait $setup &&
	says told "21 of 21" &&
	fails_to grep "not found" told
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
