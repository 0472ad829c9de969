#!/bin/sh
description='soak test: SOAK invocations (default: a million) with every kind of end are each answered once, with their own answers'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/rie.sh

# share PERCENT: prints this share of all invocations.
share() {
	echo $((${SOAK:-1000000} * $1 / 100))
}

# soak PERCENT PID PORT: runs this share of the invocations, and prints the figures as a TAP comment.
soak() {
	HOST=$2 python3 "$tests/long/soak.py" "$3" "$(share "$1")" long kill stop >figures 2>trace
	soaked=$?
	sed "s/^/# $claim: /" figures >&3
	cat trace
	return "$soaked"
}
exec 3>&1

# life PERCENT FUNCTION [OPTION…]: soaks the function under the tool.
life() {
	percent=$1
	shift
	start_lambda "$@" --timeout 1 --quiet &&
		is_ready &&
		soak "$percent" "$lambda_pid" "$(cat port)" &&
		fails_to grep -q "was refused" lambda.log
}

# life_under_rie PERCENT FUNCTION: soaks the function under AWS's emulator.
life_under_rie() {
	start_rie "$2" AWS_LAMBDA_FUNCTION_TIMEOUT=1 &&
		soak "$1" "$rie_pid" "${rie_address##*:}" &&
		fails_to grep -q "was refused" lambda.log
}

check 'a language runtime of its own' 'life 29 soaks'

for language in nodejs python
do
	needs "$(test $language = nodejs && echo node || echo python3)"
	check "$language" 'life 20 $language:soaks.handler'
done

needs node
check 'nodejs with middlewares' '
	executable task/middlewares/passes "test \$1 = error || cat" &&
	life 1 nodejs:soaks.handler --env SLSMIDDLEWARES=passes,passes --env SLSOVERLAP=on
'

fetch emulator fetch_rie
unreachable=$missing
for language in nodejs python
do
	needs "$(test $language = nodejs && echo node || echo python3)"
	missing=${unreachable:-$missing}
	check "AWS's emulator: $language" 'life_under_rie 15 $language:soaks.handler'
done

finish
