#!/bin/sh
description='short soak test: many invocations with every kind of end leak nothing, and each is answered once'
. ./lib/lib.sh
. ./lib/robust.sh

invocations=${SOAK:-1500}
kills=${KILLS:-60}

# soak NUMBER [kill]
soak() {
	HOST=$lambda_pid python3 "$tests/long/soak.py" "$(cat port)" "$@"
}

check "$invocations invocations leave bootstrap with the same descriptors, no zombies and about the same memory" '
	given 500 every soaks --quiet &&
	is_ready &&
	soak "$invocations"
'

check "$((invocations / 10)) invocations with middlewares leave bootstrap with the same descriptors, no zombies and about the same memory" '
	executable task/middlewares/passes "test \$1 = error || cat" &&
	given 800 every soaks --quiet --env SLSMIDDLEWARES=passes,passes --env SLSOVERLAP=on &&
	is_ready &&
	soak "$((invocations / 10))"
'

check "each invocation is answered once, with its own answer, while the language runtime is killed at about $kills random moments" '
	given 500 every soaks --quiet &&
	is_ready &&
	soak "$((kills * 10))" kill
'

finish
