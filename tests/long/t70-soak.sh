#!/bin/sh
description='a long life: many invocations that end in all ways leave bootstrap as it was, and each is answered once'
. ./lib/lib.sh
. ./lib/robust.sh

invocations=${SOAK:-1500}
kills=${KILLS:-60}

# soak NUMBER [kill]
soak() {
	HOST=$lambda_pid python3 "$tests/long/soak.py" "$(cat port)" "$@"
}

check "$invocations invocations: descriptors, zombies and memory of bootstrap are what they were" '
	given 500 every soaks --quiet &&
	is_ready &&
	soak "$invocations"
'

check "$((invocations / 10)) invocations with middlewares: the same" '
	executable task/middlewares/passes "test \$1 = error || cat" &&
	given 800 every soaks --quiet --env SLSMIDDLEWARES=passes,passes --env SLSOVERLAP=on &&
	is_ready &&
	soak "$((invocations / 10))"
'

check "the language runtime is killed at about $kills random moments: each invocation is answered once, and with its own answer" '
	given 500 every soaks --quiet &&
	is_ready &&
	soak "$((kills * 10))" kill
'

finish
