#!/bin/sh
description='the time that middlewares take, compared with the time of their processes (for make bench, not a test)'
. ./lib/lib.sh

# TOLERANCE=1.2 raises each limit by a fifth: other load on the machine affects both sides, but not evenly.
tolerance=${TOLERANCE:-1.2}
# shellcheck disable=SC2034 # the bodies of the checks use it
rounds=${ROUNDS:-5}
each=20 # measurements of each kind in a round

# with CHAIN [OPTION…]: starts another Lambda with the middlewares of the folder task. Its journal is in the folder CHAIN.
with() {
	chain=$1
	shift
	mkdir "$chain" &&
		cd "$chain" &&
		ln -s ../task task &&
		start_lambda "${runtime:-echoes}" --quiet --timeout 20 --env "SLSMIDDLEWARES=$chain" "$@" &&
		echo "$lambda_url" >url &&
		at_end "lambda_pid=$lambda_pid; stop_lambda" &&
		invoke 1 &&
		succeeded &&
		cd ..
}

# measure FOLDER: prints the milliseconds of some more invocations of that folder's Lambda.
measure() {
	before=$(wc -l <"$1/journal")
	curl -sS --max-time 60 -H Content-Type: --data-binary 1 -o /dev/null "$(cat "$1/url")/$invoke_path?[1-$each]" &&
		tail -n "+$((before + 1))" "$1/journal" | sed -n 's/.*"ms": *\([0-9.]*\).*"what": *"invocation".*/\1/p'
}

# median [FACTOR]: prints the median of the numbers on stdin, times the factor.
median() {
	sort -n | awk -v factor="${1:-1}" '{ n[NR] = $1 } END { printf "%.3f\n", n[int((NR + 1) / 2)] * factor }'
}

# compute EXPRESSION: prints its value, computed by awk.
compute() {
	awk "BEGIN { printf \"%.3f\\n\", $1 }"
}

# at_most LIMIT VALUE WHAT
at_most() {
	echo "# $3: $2 (limit $1)" >&3
	awk "BEGIN { exit !($2 <= $1 * $tolerance) }" || {
		echo "$3: $2 is more than $1"
		return 1
	}
}

exec 3>&1

needs gcc

check 'a hook takes at most 0.5 ms more than fork, exec and exit of its program' '
	mkdir -p task/middlewares &&
	echo "int main(void) { return 0; }" >exits.c &&
	gcc -O2 -static -o task/middlewares/exits exits.c &&
	gcc -O2 -static -o bare "$tests/middlewares/checks/bare.c" &&
	with exits,exits,exits,exits,exits,exits,exits,exits,exits,exits &&
	with , &&
	for _ in $(seq "$rounds")
	do
		./bare $each task/middlewares/exits >>bare.us &&
			measure , >>none.ms &&
			measure exits,exits,exits,exits,exits,exits,exits,exits,exits,exits >>ten.ms || return
	done &&
	bare=$(median 0.001 <bare.us) &&
	hook=$(compute "($(median <ten.ms) - $(median <none.ms)) / 20") &&
	echo "# ms: bare $bare, hook $hook, invocation without middlewares $(median <none.ms)" >&3 &&
	at_most 0.5 "$(compute "$hook - $bare")" "ms that a hook costs more"
'

needs python3

# overlapped RUNTIME: measures six overlapped hooks around that handler, in starts of python3, into the file cost.
overlapped() {
	runtime=$1
	mkdir -p task/middlewares &&
		python=$(python3 -c 'import sys; print(sys.executable)') &&
		printf '#!%s\nimport sys\n\nsys.stdin.read()\n' "$python" >task/middlewares/reads &&
		chmod +x task/middlewares/reads &&
		gcc -O2 -static -o bare "$tests/middlewares/checks/bare.c" &&
		with , &&
		with reads,reads,reads &&
		with reads,reads,reads,, --env SLSOVERLAP=on &&
		for _ in $(seq "$rounds")
		do
			./bare "$each" task/middlewares/reads >>bare.us &&
				measure , >>none.ms &&
				measure reads,reads,reads >>off.ms &&
				measure reads,reads,reads,, >>on.ms || return
		done &&
		bare=$(median 0.001 <bare.us) &&
		none=$(median <none.ms) &&
		echo "# ms: one python3 $bare, six one after another $(compute "($(median <off.ms) - $none) / $bare") times that" >&3 &&
		compute "($(median <on.ms) - $none) / $bare" >cost
}

check 'with overlap, three python3 middlewares (six hooks) take at most 2.2 times one start of python3' '
	overlapped answers-in-a-while &&
	at_most 2.2 "$(cat cost)" "starts of python3 that six overlapped hooks cost around a handler that waits 100 ms"
'

# If the handler takes no time, no start is hidden behind it: all six starts count.
check 'around a handler that takes no time, they take at most a third more than six concurrent starts' '
	overlapped echoes &&
	for _ in $(seq "$rounds")
	do
		./bare -6 $each task/middlewares/reads >>six.us || return
	done &&
	six=$(compute "$(median 0.001 <six.us) / $bare") &&
	at_most 1.33 "$(compute "$(cat cost) / $six")" "times six starts of python3 at once, which cost $six of one"
'

finish
