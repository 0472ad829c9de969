# shellcheck shell=sh
# Sourced by the `run` of each language. $cache is the folder of installed packages, $tests the folder of the tests, and
# $installer, if it is set, begins the messages in place of compat.

# The Python behind the shims of a version manager. venvs are made with it.
find_python() {
	python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
}

# install_venv FOLDER LOCK: makes a venv in $cache, again if the lock file or Python changed.
install_venv() {
	is_wanted "$1" "$2" || return 0
	# shellcheck disable=SC2154 # the sourcing script sets cache
	"$python" -m venv "$cache/$1" >&2 || cannot_install "$1"
	"$cache/$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$2" >&2 ||
		cannot_install "$1"
	mv "$cache/wanted" "$cache/$1.installed"
}

# install_folder FOLDER LOCK: makes a folder in $cache, as in a layer, with the pip of the venv python/venv.
install_folder() {
	is_wanted "$1" "$2" || return 0
	"$cache/python/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement "$2" --target "$cache/$1" >&2 || cannot_install "$1"
	mv "$cache/wanted" "$cache/$1.installed"
}

# cannot_install FOLDER: ends the run. The tool that failed printed the reason.
cannot_install() {
	echo "${installer:-compat}: cannot install $1, see above" >&2
	exit 1
}

# is_wanted FOLDER LOCK: true if it must be installed. Removes what is left of it.
is_wanted() {
	{
		"$python" -c 'import sys; print(sys.executable, sys.version)'
		cat "$2"
	} >"$cache/wanted"
	! cmp -s "$cache/wanted" "$cache/$1.installed" || return 1
	echo "${installer:-compat}: installing $1 (of ${2##*/tests/})" >&2
	rm -rf "${cache:?}/$1" "$cache/$1.installed"
}

# install_debs FOLDER LOCK: unpacks Debian's packages into $cache/FOLDER. Nothing is installed on the machine.
install_debs() {
	is_wanted "$1" "$2" || return 0
	command -v dpkg-deb >/dev/null || {
		echo "${installer:-compat}: there is no dpkg-deb, which unpacks Debian's packages: install dpkg" >&2
		return 1
	}
	mkdir -p "$cache/debs" "$cache/$1"
	while read -r hash path
	do
		# shellcheck disable=SC2154 # the sourcing script sets tests
		"$tests/../scripts/bring-deb" "$hash" "$path" "$cache/debs" || cannot_install "$1"
		dpkg-deb -x "$cache/debs/${path##*/}" "$cache/$1" || cannot_install "$1"
	done <"$2"
	mv "$cache/wanted" "$cache/$1.installed"
}
