# shellcheck shell=sh
# For tests of middlewares: the Lambda with those of tests/fakes/middlewares. Sourced after lib.sh and robust.sh.

overlap=off
runtime=echoes

# with CHAIN [OPTION…]: starts a Lambda with SLSMIDDLEWARES=CHAIN. The function's folder has all of tests/fakes/middlewares.
with() {
	chain=$1
	shift
	mkdir -p task/middlewares &&
		cp -RP "${tests:?}/fakes/middlewares/." task/middlewares &&
		start_lambda "$runtime" --env "SLSMIDDLEWARES=$chain" --env "SLSOVERLAP=$overlap" "$@"
}

# with_runtime NAME CHAIN [OPTION…]: the same, with a fake of tests/fakes/middlewares/language-runtimes.
with_runtime() {
	runtime=../middlewares/language-runtimes/$1
	shift
	with "$@"
	set -- $?
	runtime=echoes
	return "$1"
}

# is_quiet: the log is empty (the Lambda must run with --quiet).
is_quiet() {
	same '' "$(cat lambda.log)"
}
