# shellcheck shell=sh
# For the runs of the languages, which source it. $cache is the folder of what is installed, $tests that of the tests.

# The Python behind the shims of a version manager: venvs are made of it.
find_python() {
	python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
}

# install_venv FOLDER LOCK: a venv in $cache, anew when the lock file or Python has changed.
install_venv() {
	is_wanted "$1" "$2" || return 0
	# shellcheck disable=SC2154 # cache is of whoever reads this file
	"$python" -m venv "$cache/$1" >&2 || cannot_install "$1"
	"$cache/$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$2" >&2 ||
		cannot_install "$1"
	mv "$cache/wanted" "$cache/$1.installed"
}

# install_folder FOLDER LOCK: a folder in $cache, as in a layer, by the pip of the venv python/venv.
install_folder() {
	is_wanted "$1" "$2" || return 0
	"$cache/python/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement "$2" --target "$cache/$1" >&2 || cannot_install "$1"
	mv "$cache/wanted" "$cache/$1.installed"
}

# cannot_install FOLDER: ends the run. What failed has said why.
cannot_install() {
	echo "compat: cannot install $1, see above" >&2
	exit 1
}

# is_wanted FOLDER LOCK: whether it is to be installed; then nothing of it is left.
is_wanted() {
	{
		"$python" -c 'import sys; print(sys.executable, sys.version)'
		cat "$2"
	} >"$cache/wanted"
	! cmp -s "$cache/wanted" "$cache/$1.installed" || return 1
	echo "compat: installing $1 (of ${2##*/tests/})" >&2
	rm -rf "${cache:?}/$1" "$cache/$1.installed"
}

# install_debs FOLDER LOCK: what Debian's packages hold, in $cache/FOLDER. Nothing is installed on the machine.
install_debs() {
	is_wanted "$1" "$2" || return 0
	command -v dpkg-deb >/dev/null || {
		echo "compat: there is no dpkg-deb, which unpacks Debian's packages: install dpkg" >&2
		return 1
	}
	mkdir -p "$cache/debs" "$cache/$1"
	while read -r hash path
	do
		# shellcheck disable=SC2154 # tests is of whoever reads this file
		"$tests/../scripts/bring-deb" "$hash" "$path" "$cache/debs" || cannot_install "$1"
		dpkg-deb -x "$cache/debs/${path##*/}" "$cache/$1" || cannot_install "$1"
	done <"$2"
	mv "$cache/wanted" "$cache/$1.installed"
}
