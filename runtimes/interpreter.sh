# shellcheck shell=sh
# The `language-runtime` scripts source this file. It finds an interpreter without starting another program, and reports an
# error of Init. usage: . "${0%/*}/../interpreter.sh"

# find_interpreter LANGUAGE PROGRAM VERSION VERSION_FILE: sets $interpreter to the first PROGRAM in /opt/LANGUAGE/bin,
# /var/lang/bin and PATH. In a sealed runtime image /opt/LANGUAGE/bin is the last. If there is none, it ends with an Init error that
# names every folder. A version manager takes its version from VERSION, the value of its variable, or from VERSION_FILE, the name
# of its file (`.python-version`).
find_interpreter() {
	places=
	folders=/opt/$1/bin:/var/lang/bin:$PATH
	case ${here-} in # the folder of language-runtime
	/opt/* | '') ;; # a layer has no seal
	*) test ! -e "$here/../../sealed" || folders=/var/lang/bin:$PATH:/opt/$1/bin ;;
	esac
	set -f # the folders are split below, never expanded
	IFS=:
	for folder in $folders
	do
		interpreter=$folder/$2
		places="$places, $folder"
		if test -f "$interpreter" && test -x "$interpreter"
		then
			case $folder in
			*/shims) behind_shim "${folder%/shims}" "$2" "$3" "$4" || interpreter=$folder/$2 ;;
			esac
			unset IFS
			set +f
			return
		fi
	done
	init_error Runtime.InterpreterNotFound "cannot find $2: looked in ${places#, }"
}

# behind_shim ROOT PROGRAM VERSION VERSION_FILE: sets $interpreter to the program that the shim of pyenv, nodenv, rbenv, …
# would start. All of them keep the same files, but a shim takes 100 ms to read them. Fails if the files do not say which
# program that is: the caller then uses the shim.
behind_shim() {
	version=$3
	up=$PWD
	while test -z "$version" && test -n "$up"
	do
		test -r "$up/$4" && read -r version <"$up/$4"
		up=${up%/*}
	done
	test -z "$version" && test -r "$1/version" && read -r version <"$1/version"
	interpreter=$1/versions/${version%%:*}/bin/$2
	test -n "$version" && test -x "$interpreter"
}

# name_environment LANGUAGE: sets AWS_EXECUTION_ENV, by which agents know that they run in Lambda. `provided` does not set it.
# The value has no version, because a version would promise the image of a managed runtime.
name_environment() {
	export AWS_EXECUTION_ENV="${AWS_EXECUTION_ENV:-AWS_Lambda_$1}"
}

# init_error TYPE MESSAGE: reports an Init error on STDOUT and ends. It replaces a MESSAGE that would have to be escaped in JSON.
init_error() {
	case $2 in
	*[\"\\[:cntrl:]]*) set -- "$1" "the message has characters that cannot be shown" ;;
	esac
	printf '{"error":{"errorType":"%s","errorMessage":"%s","stackTrace":[]}}\n' "$1" "$2"
	exit 1
}
