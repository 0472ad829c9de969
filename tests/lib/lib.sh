# shellcheck shell=sh
# For every test file: check, waiting, processes. The Lambda of the tests is in lambda.sh.
#
#	description='what this file is about'
#	. ./lib/lib.sh
#	check 'a claim' 'commands joined by &&'
#	finish
#
# Each check runs in its own empty folder, $work, with an empty stdin. It fails if its body fails, or if it leaves a
# process behind. Output is TAP, <https://testanything.org/>.

set -u

tests=$(pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/open-runtime.XXXXXX")
mark=${OPEN_RUNTIME_TEST:-$scratch}
count=0
failures=0
missing=
claim=
newline='
'

trap 'end_file' EXIT
trap 'exit 1' HUP INT TERM

echo "# ${0##*/}: ${description:-}"

# A check fails if its body ends the shell, by exit or by an unset variable.
end_file() {
	trap - EXIT
	cd "$tests" || exit
	test -z "$claim" || not_ok
	rm -rf "$scratch"
	test -z "$claim" || exit 1
}

# check CLAIM BODY
check() {
	count=$((count + 1))
	if test -n "$missing" && test "${CI:-}" != true
	then
		echo "ok $count - $1 # SKIP no $missing here"
		return
	fi
	claim=$1
	body=$2
	work=$scratch/$count
	log=$scratch/$count.log
	mkdir "$work"
	if run_body >"$log" 2>&1 </dev/null
	then
		echo "ok $count - $claim"
	else
		not_ok
	fi
	claim=
	rm -rf "$work" "$log"
}

not_ok() {
	failures=$((failures + 1))
	echo "not ok $count - $claim"
	printf '%s\n' "$body" | sed 's/^/#	| /'
	sed 's/^/#	/' "$log"
}

# Processes that are left behind are found by a mark in the environment, which children inherit.
run_body() {
	cleanup=
	verdict=0
	export OPEN_RUNTIME_TEST="$mark/$count,"
	cd "$work" || return
	test -z "$missing" || echo "no $missing here" # in CI a missing tool is a failure
	test -z "$missing" && eval "$body" || verdict=1
	run_cleanup || verdict=1
	test "$verdict" -eq 0 || show_lambda
	cd "$tests" || return
	no_process_left || verdict=1
	return "$verdict"
}

run_cleanup() {
	cleaned=0
	while read -r command
	do
		eval "$command" </dev/null || cleaned=1
	done <<-END
	$cleanup
	END
	return "$cleaned"
}

# at_end COMMAND: runs this line after the present check, however the check ends. The latest command runs first.
at_end() {
	cleanup="$1$newline$cleanup"
}

# needs COMMAND: if it is missing, the following checks are skipped, or fail if CI=true. Without COMMAND nothing is needed.
needs() {
	missing=
	for needed
	do
		command -v "$needed" >/dev/null || missing=${missing:-$needed}
	done
}

# fetch WHAT COMMAND [ARGUMENT…]: fetches what the following checks need. If the command fails, they are skipped with its error,
# or fail if CI=true. If something that was needed before is missing, the command does not run.
fetch() {
	test -z "$missing" || return 0
	fetched=$1
	shift
	"$@" >"$scratch/fetch.log" 2>&1 </dev/null || {
		missing="$fetched ($(errors_of "$scratch/fetch.log"))"
		sed 's/^/#	/' "$scratch/fetch.log"
	}
}

# errors_of LOG: prints on one line the first lines that name an error, or else the last line.
errors_of() {
	{ grep -iE 'error|cannot|^E:' "$1" || tail -n 1 "$1"; } | head -n 3 | paste -s -d ' ' - | cut -c -300
}

# fetch_venv LOCK FOLDER [OPTION…]: installs the packages of that lock file once, with these options of pip. Test files run side by
# side, so the others wait for the first.
fetch_venv() (
	mkdir -p "${2%/*}" &&
		exec 9>"$2.lock" &&
		flock -w 800 9 || return
	! cmp -s "$1" "$2/installed" || return 0
	fetched_lock=$1 fetched_into=$2
	shift 2
	rm -rf "$fetched_into" &&
		python3 -m venv "$fetched_into" &&
		"$fetched_into/bin/python" -m pip install --quiet --disable-pip-version-check "$@" --require-hashes --requirement "$fetched_lock" &&
		cp "$fetched_lock" "$fetched_into/installed"
)

finish() {
	echo "1..$count"
	test "$failures" -eq 0
	exit
}

# within MS COMMAND [ARGUMENT…]: runs the command until it succeeds, for at most this many milliseconds.
within() {
	within_limit=$(($(now_ms) + $1))
	within_ms=$1
	shift
	until "$@"
	do
		if test "$(now_ms)" -ge "$within_limit"
		then
			echo "not within $within_ms ms: $*"
			return 1
		fi
		sleep 0.01
	done
}

now_ms() {
	date +%s%3N
}

# fails_to COMMAND [ARGUMENT…]: succeeds if the command fails, like `!`, which `set -e` ignores and which cannot follow within.
fails_to() {
	! "$@"
}

# ends_with STATUS COMMAND [ARGUMENT…]: the command ends with that exit status.
ends_with() {
	expected=$1
	shift
	ended=0
	"$@" || ended=$?
	same "$expected" "$ended"
}

# same EXPECTED ACTUAL: both texts are equal.
same() {
	test "$1" = "$2" || {
		echo "expected: $1"
		echo "actual:   $2"
		return 1
	}
}

# same_json EXPECTED FILE: the file contains that JSON (EXPECTED may be @FILE). The order of members and white space do not
# count.
same_json() {
	python3 "$tests/lib/same_json.py" "$1" "$2"
}

# says FILE TEXT: the file contains the text.
says() {
	grep -qF -e "$2" "$1" || {
		echo "$1 does not say: $2"
		head -c 4096 "$1"
		return 1
	}
}

# Prints the ids of the processes with the mark of the present check. The searching process must not have the mark.
marked() (
	wanted=OPEN_RUNTIME_TEST=$OPEN_RUNTIME_TEST
	unset OPEN_RUNTIME_TEST
	grep -lsaF "$wanted" /proc/[0-9]*/environ | tr -dc '0-9\n'
)

is_unmarked() {
	test -z "$(marked)"
}

no_process_left() {
	within 10000 is_unmarked && return
	for pid in $(marked)
	do
		echo "left behind: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		kill -9 "$pid" 2>/dev/null
	done
	return 1
}

# shellcheck source=lib/lambda.sh
. "$tests/lib/lambda.sh"
