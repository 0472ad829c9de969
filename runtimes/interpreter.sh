# shellcheck shell=sh
# For the fronts of the language runtimes, which source it: finds an interpreter without starting another program, and
# moves the protocol out of the reach of user code. usage: . "${0%/*}/../interpreter.sh"

# find_interpreter LANGUAGE PROGRAM VERSION VERSION_FILE: sets $interpreter to the first PROGRAM in /opt/LANGUAGE/bin,
# /var/lang/bin and PATH; ends with an Init error that names every place if there is none. VERSION and VERSION_FILE are
# what a version manager goes by: the value of its variable, and the name of its file (`.python-version`).
find_interpreter() {
	places=
	set -f # PATH is split below, never expanded
	IFS=:
	for folder in "/opt/$1/bin" /var/lang/bin $PATH
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

# behind_shim ROOT PROGRAM VERSION VERSION_FILE: sets $interpreter to what the shim of pyenv, nodenv, rbenv, … would start.
# They all keep the same files; a shim takes 100 ms to read them. False where it is not that simple: use the shim then.
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

# name_environment LANGUAGE: AWS_EXECUTION_ENV is how agents know that they are in Lambda, and `provided` has none. No version:
# that would promise the image of a managed runtime.
name_environment() {
	export AWS_EXECUTION_ENV="${AWS_EXECUTION_ENV:-AWS_Lambda_$1}"
}

# init_error TYPE MESSAGE: reports on the protocol and ends. A MESSAGE that is not fit for a JSON string is left out.
init_error() {
	case $2 in
	*[\"\\[:cntrl:]]*) set -- "$1" "the message has characters that cannot be shown" ;;
	esac
	printf '{"error":{"errorType":"%s","errorMessage":"%s","stackTrace":[]}}\n' "$1" "$2"
	exit 1
}
