#!/bin/sh
description='scripts/release: it tags only a version that is ready'
. ./lib/lib.sh

# ready: makes a repository that is ready. Fakes replace what takes long: .ci/run and the SBOM validator note their start, and
# make packs empty layers.
ready() {
	unset spoil spoil_later
	mkdir -p release bin && cd release &&
		cp -R "$repository/scripts" "$repository/LICENSE" . &&
		mkdir -p .ci tests/package/sbom fuzz &&
		echo "dist" >.gitignore &&
		printf '[package]\nname = "open-runtime"\nversion = "1.2.3"\n' | tee Cargo.toml Cargo.lock >fuzz/Cargo.lock &&
		printf '# Changelog\n\n## 1.2.3, 1 May 2026\n\n- A thing.\n\n### More\n\n- Another.\n\n## 1.2.2\n\n- An old one.\n' >CHANGELOG.md &&
		printf '#!/bin/sh\necho all >>"%s/started"\n' "$work" >.ci/run &&
		printf '#!/bin/sh\necho validate "$@" >>"%s/started"\n' "$work" >tests/package/sbom/validate &&
		fake_make >"$work/bin/make" &&
		chmod +x .ci/run tests/package/sbom/validate "$work/bin/make" &&
		PATH=$work/bin:$PATH &&
		git init --quiet &&
		git config user.name Anyone &&
		git config user.email anyone@example.com &&
		commit
}

# The command in $spoil runs before the sums are made.
fake_make() {
	cat <<-'END'
		#!/bin/sh
		set -eu
		echo make "$@" >>../started
		for layer in x86_64 arm64 nodejs-x86_64 nodejs-arm64 python-x86_64 python-arm64 ruby-x86_64 ruby-arm64 php-x86_64 php-arm64 perl-x86_64 perl-arm64
		do
			mkdir -p staged "dist/.made/$layer"
			name=open-runtime-${layer%-*}
			case $layer in x86_64 | arm64) name=open-runtime ;; esac
			scripts/stamp staged "$name" "${layer##*-}"
			scripts/pack "dist/open-runtime-$layer.zip" staged
			rm -r staged
			echo "{}" >"dist/open-runtime-$layer.cdx.json"
			echo "release: $RUSTUP_TOOLCHAIN" >"dist/.made/$layer/rustc"
			echo "WAY=$WAY PANIC=$PANIC" >"dist/.made/$layer/way"
		done
		mkdir -p dist/packages
		for arch in x86_64 arm64
		do
			mkdir -p "dist/.made/tool-$arch"
			echo "release: $RUSTUP_TOOLCHAIN" >"dist/.made/tool-$arch/rustc"
			echo "WAY=$WAY PANIC=message" >"dist/.made/tool-$arch/way"
		done
		for package in open-runtime-1.2.3.tgz open-runtime-linux-x64-1.2.3.tgz open-runtime-linux-arm64-1.2.3.tgz \
			open_runtime-1.2.3-py3-none-any_x86_64.whl open_runtime-1.2.3-py3-none-any_aarch64.whl
		do
			echo package >"dist/packages/$package"
		done
		eval "${spoil:-}"
		scripts/sums
		(cd dist/packages && sha256sum -- *.whl *.tgz >SHA256SUMS)
		eval "${spoil_later:-}"
	END
}

commit() {
	git add --all && git commit --quiet --allow-empty --message any
}

# refuses TEXT [ARGUMENT…]: scripts/release makes no tag, and its error contains the text.
refuses() {
	refused=$1
	shift
	tags=$(git tag) &&
		fails_to scripts/release "$@" >../told 2>&1 &&
		says ../told "release: $refused" &&
		same "$tags" "$(git tag)"
}

needs git

check 'scripts/release runs the tests, builds, validates, and tags with the changelog section of the version' '
	ready &&
	scripts/release &&
	same "all make layer interpreter-layers make dist validate x86_64 arm64 nodejs-x86_64 nodejs-arm64 python-x86_64 python-arm64 ruby-x86_64 ruby-arm64 php-x86_64 php-arm64 perl-x86_64 perl-arm64 " "$(tr "\n" " " <../started)" &&
	same tag "$(git cat-file -t v1.2.3)" &&
	same "$(git rev-parse HEAD)" "$(git rev-parse v1.2.3^{commit})" &&
	git for-each-ref --format="%(contents)" refs/tags/v1.2.3 >../message &&
	printf "Open Runtime 1.2.3\n\n- A thing.\n\n### More\n\n- Another.\n" >../expected &&
	diff -B ../expected ../message
'

check 'the files to publish are twelve layers, an SBOM for each, five packages, and their sums' '
	ready &&
	scripts/release --dry-run &&
	scripts/release --dry-run &&
	same 30 "$(ls dist/.release/files | wc -l)" &&
	cd dist/.release/files &&
	sha256sum --check SHA256SUMS
'

check 'a dry run runs no test and makes no tag' '
	ready &&
	scripts/release --dry-run &&
	fails_to grep all ../started &&
	same "" "$(git tag)"
'

check 'scripts/release builds with the pinned compiler of rustup, without messages' '
	ready &&
	spoil="env >../environment" scripts/release --dry-run &&
	grep "^RUSTUP_TOOLCHAIN=1\.[0-9]*\.[0-9]*$" ../environment &&
	for line in WAY=rustup PANIC=silent
	do
		grep -x "$line" ../environment || return
	done
'

check 'scripts/release refuses sources that differ from HEAD, and names them' '
	ready &&
	echo more >>LICENSE &&
	refuses "the sources differ from HEAD" &&
	says ../told "M LICENSE" &&
	git checkout --quiet LICENSE &&
	echo new >other &&
	refuses "the sources differ from HEAD" &&
	says ../told other
'

check 'scripts/release refuses sources that the tests changed' '
	ready &&
	printf "#!/bin/sh\necho more >>LICENSE\n" >.ci/run &&
	commit &&
	refuses "the sources differ from HEAD"
'

check 'scripts/release refuses a version that already has a tag' '
	ready &&
	git tag v1.2.3 &&
	refuses "the tag v1.2.3 exists"
'

check 'scripts/release refuses versions that differ between files' '
	ready &&
	for lock in Cargo.lock fuzz/Cargo.lock
	do
		sed -i s/1.2.3/1.2.2/ $lock &&
			commit &&
			refuses "the versions differ: 1.2.3 in Cargo.toml, 1.2.2 in $lock" &&
			sed -i s/1.2.2/1.2.3/ $lock || return
	done
'

check 'scripts/release refuses a changelog without a section for the version, or with unreleased entries' '
	ready &&
	sed -i "s/^## 1.2.3.*/## 1.2.30/" CHANGELOG.md &&
	commit &&
	refuses "CHANGELOG.md has no section \"## 1.2.3\"" &&
	printf "## 1.2.3\n\n## 1.2.2\n\n- A thing.\n" >CHANGELOG.md &&
	commit &&
	refuses "CHANGELOG.md has no section \"## 1.2.3\"" &&
	for rest in "## 1.2.3\n\n- A thing.\n" ""
	do
		printf "## Unreleased\n\n- A thing.\n\n$rest" >CHANGELOG.md &&
			commit &&
			refuses "CHANGELOG.md has a section \"## Unreleased\": name it \"## 1.2.3\"" --dry-run || return
	done
'

check 'scripts/release refuses if a test fails' '
	ready &&
	printf "#!/bin/sh\nexit 1\n" >.ci/run &&
	commit &&
	fails_to scripts/release &&
	same "" "$(git tag)"
'

# refuses_spoilt COMMAND TEXT: like refuses, for a build in which the command runs before the sums are made.
refuses_spoilt() {
	export spoil="$1"
	refuses "$2" --dry-run
}

check 'scripts/release refuses files to publish that are wrong' '
	ready &&
	refuses_spoilt "echo release: 1.0.0 >dist/.made/arm64/rustc" "bootstrap for arm64 was not built with Rust" &&
	refuses_spoilt "echo WAY=debian PANIC=silent >dist/.made/x86_64/way" "bootstrap for x86_64 was not built by WAY=rustup" &&
	refuses_spoilt "echo release: 1.0.0 >dist/.made/tool-arm64/rustc" "open-runtime for arm64 was not built with Rust" &&
	refuses_spoilt "rm dist/packages/*aarch64.whl" "there is no package open_runtime-1.2.3-py3-none-*_aarch64.whl" &&
	refuses_spoilt "echo more >dist/open-runtime-other.zip" "SHA256SUMS lists other files than those of the release" &&
	refuses_spoilt "cp dist/open-runtime-x86_64.zip dist/open-runtime-arm64.zip" "open-runtime-arm64.zip does not say" &&
	export spoil_later="echo more >>dist/open-runtime-arm64.cdx.json" &&
	refuses_spoilt true "a sum in SHA256SUMS is not that of its file"
'

check 'scripts/release build TAG builds only if HEAD is that tag, and makes no tag' '
	ready &&
	refuses "cannot build v1.2.2: the version in Cargo.toml is 1.2.3" build v1.2.2 &&
	refuses "HEAD is not v1.2.3" build v1.2.3 &&
	git tag v1.2.3 &&
	commit &&
	refuses "HEAD is not v1.2.3" build v1.2.3 &&
	git checkout --quiet v1.2.3 &&
	scripts/release build v1.2.3 &&
	says ../started "make layer interpreter-layers" &&
	fails_to grep all ../started
'

finish
