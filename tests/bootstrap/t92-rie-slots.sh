#!/bin/sh
description="several invocations at once, as a Managed Instance under AWS's own Runtime Interface Emulator"
. ./lib/lib.sh
. ./lib/rie.sh

# start_slots N FAKE [NAME=VALUE…]: the same as start_instance with N invocations at once. Every slot has started its language runtime.
start_slots() {
	slots=$1
	slots_fake=$2
	shift 2
	start_instance "$slots_fake" "AWS_LAMBDA_MAX_CONCURRENCY=$slots" AWS_LAMBDA_LOG_LEVEL=WARN "$@"
}

have_started_here() {
	test -e starts && test "$(wc -l <starts)" -ge "$1"
}

have_started() {
	test "$(wc -l <task/starts)" -ge "$1"
}

# Prints the pids of the processes of this check that are called so: the supervisor has the other name.
named() (
	for pid in $(marked)
	do
		test "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d ' ' -f 1)" != "$1" || echo "$pid"
	done
)

slot_pids() {
	named open-runtime-slot
}

there_are() {
	test "$(slot_pids | wc -l)" -eq "$1"
}

# together EVENT…: invokes with all events at once. The file answers has a line for each.
together() {
	python3 "$tests/lib/slots_caller.py" "$lambda_url" together "$@" >answers
	cat answers
}

# answer N: the answer to the Nth event.
answer() {
	sed -n "$1p" answers
}

# is_well: a call is answered. The emulator refuses one if no slot asks for it at that moment.
is_well() {
	invoke "[{\"response\":\"well\"}]" &&
		same "200 \"well\"" "$(cat status) $(cat response)"
}

# fill: a call in each of these slots at once is answered.
fill() {
	set -- "$1"
	for number in $(seq "$1")
	do
		set -- "$@" "[[\"sleep\",0.3],{\"response\":$number}]"
	done
	shift
	together "$@" >fill.log
	same "$#" "$(grep -c '^200 - ' answers)"
}

# Kills slots and language runtimes with SIGKILL, one every 0.2 s, until the file finished is there.
kill_some() {
	while ! test -e finished
	do
		{
			test $((RANDOM_KILLS % 3)) -ne 0 || slot_pids
			test $((RANDOM_KILLS % 3)) -eq 0 || named python3
		} | shuf -n 1 | xargs -r kill -9
		RANDOM_KILLS=$((RANDOM_KILLS + 1))
		sleep 0.2
	done 2>/dev/null
	echo "$RANDOM_KILLS" >kills
}
RANDOM_KILLS=0

# load CALLS CALLERS: prints what became of unique events while slots and language runtimes are killed.
load() {
	kill_some &
	killer=$!
	python3 "$tests/lib/slots_caller.py" "$lambda_url" load "$@" >counts
	touch finished
	wait "$killer"
	cat counts
	echo "kills: $(cat kills)"
}

# Prints the private memory of the supervisor and of each slot's bootstrap, in KB.
private_kb() {
	for pid in $(named /opt/bootstrap) $(slot_pids)
	do
		awk '/^Private/ { kb += $2 } END { print kb }' "/proc/$pid/smaps_rollup"
	done
}

# The lines of bootstrap are JSON, and so many.
are_json() {
	grep -a '"timestamp"' lambda.log | python3 -c '
import json, sys
lines = [line for line in sys.stdin if "time=" not in line[:5]]
for line in lines:
	assert len(line) <= 4096, len(line)
	assert json.loads(line)["level"] in ("ERROR", "WARN"), line
print(len(lines))' >lines && test "$(cat lines)" -ge "$1"
}

# cpu: prints the CPU time of the supervisor, in ticks.
cpu() {
	cut -d ' ' -f 14,15 "/proc/$(named /opt/bootstrap | head -n 1)/stat" | tr ' ' +
}

# start_bootstrap N TIMEOUT-MS EVENT…: starts bootstrap under another Runtime API, which hands out these events. The file told has
# what became of them.
start_bootstrap() {
	slots=$1
	shift
	rm -f port
	python3 "$tests/lib/slots_api.py" port "$@" >told &
	at_end "kill $!"
	within 5000 test -s port || return
	env LAMBDA_TASK_ROOT=. "AWS_LAMBDA_RUNTIME_API=127.0.0.1:$(cat port)" "AWS_LAMBDA_MAX_CONCURRENCY=$slots" _HANDLER=fake.handler \
		"SLSRUNTIME=$tests/fakes/runtimes/streams" "${program:-$bootstrap}" 2>bootstrap.log &
	supervisor=$!
	at_end "stop_bootstrap"
}

stop_bootstrap() {
	test -n "$supervisor" || return 0
	kill "$supervisor" && wait "$supervisor"
}

# kill_all: kills all slots. Succeeds when the supervisor has ended.
kill_all() {
	slot_pids | xargs -r kill -9
	fails_to test -e "/proc/$supervisor/exe"
}

check 'if all slots die again and again, the execution environment ends with status 1' '
	start_bootstrap 2 2000 &&
	within 5000 have_started_here 2 &&
	within 5000 kill_all &&
	ends_with 1 wait "$supervisor" &&
	supervisor= &&
	says bootstrap.log "no slot can be kept alive: the last one was killed by signal 9"
'

check 'on a managed runtime each slot gets the events as AWS sends them, too' '
	ln -s "$bootstrap" open-runtime &&
	program=$PWD/open-runtime SLSLOG=debug start_bootstrap 2 5000 "[[\"sleep\",0.3],{\"response\":1}]" "[[\"sleep\",0.3],{\"response\":2}]" &&
	within 5000 have_started_here 2 &&
	within 5000 grep " 2 response 2" told &&
	same 2 "$(grep -c "as AWS sends them: this is the default on managed runtimes" bootstrap.log)"
'

# both_logs_have TEXT: the log of each of two slots has it.
both_logs_have() {
	test -e logs-2 && grep -q "$1" logs-1 && grep -q "$1" logs-2
}

check 'if Lambda has a socket for logs, each slot has a log of its own, and its lines may be long' '
	long=$(printf %05000d 0) &&
	set -- "[[\"sleep\",0.3],{\"error\":{\"errorType\":\"E\",\"errorMessage\":\"$long\"}}]" &&
	{ python3 "$tests/lib/log_sockets.py" logs & } &&
	at_end "kill $!" &&
	within 5000 test -S logs &&
	_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=logs start_bootstrap 2 5000 "$1" "$1" "$1" "$1" &&
	within 10000 both_logs_have "$long" &&
	test ! -e logs-3 &&
	same "" "$(cat bootstrap.log)"
'

# timed_out COUNT: bootstrap has told of so many handlers that they were late.
timed_out() {
	test "$(grep -c " error .*Function.Timeout" told)" -ge "$1"
}

check 'a handler that is late is killed before the deadline, and its slot serves again' '
	start_bootstrap 2 2000 "[[\"sleep\",60]]" "[{\"response\":2}]" "[[\"sleep\",60]]" "[[\"sleep\",60]]" "[{\"response\":5}]" &&
	within 10000 grep " 5 response 5" told &&
	cat told bootstrap.log &&
	within 3000 timed_out 2 &&
	same "" "$(awk "\$1 >= 2500" told)"
'

fetch emulator fetch_rie
test -n "$missing" || may_mount 2>/dev/null || missing='mount namespace'

check 'four calls of half a second take less than one at N=4, in four processes; a fifth is refused' '
	start_slots 4 streams &&
	within 10000 fill 4 &&
	set -- "[[\"sleep\",0.5],{\"response\":\"yes\"}]" &&
	together "$1" "$1" "$1" "$1" &&
	same 4 "$(grep -cx "200 - \"yes\"" answers)" &&
	test "$(cat ms)" -lt 1000 &&
	same 4 "$(sort -u task/starts | wc -l)" &&
	there_are 4 &&
	together "$1" "$1" "$1" "$1" "$1" &&
	same 4 "$(grep -cx "200 - \"yes\"" answers)" &&
	says answers Runtime.Unavailable
'

check 'a language runtime that exits fails its own call alone' '
	start_slots 4 streams &&
	within 10000 fill 4 &&
	together "[[\"sleep\",0.2],[\"exit\",3]]" "[[\"sleep\",0.5],{\"response\":2}]" "[[\"sleep\",0.5],{\"response\":3}]" "[[\"sleep\",0.5],{\"response\":4}]" &&
	says answers Runtime.ExitError &&
	same 3 "$(grep -c "^200 - [234]$" answers)" &&
	within 5000 fill 4
'

check 'a slot that is killed is back within a second, and the others serve meanwhile' '
	start_slots 2 streams AWS_LAMBDA_FUNCTION_TIMEOUT=3 &&
	within 10000 fill 2 &&
	sleep 1 &&
	killed=$(slot_pids | head -n 1) &&
	{ together "[[\"note\",\"one\"],[\"sleep\",2],{\"response\":1}]" "[[\"note\",\"two\"],[\"sleep\",2],{\"response\":1}]" >both.log & } &&
	both=$! &&
	within 5000 test -e task/one &&
	within 5000 test -e task/two &&
	kill -9 "$killed" &&
	within 1000 is_well &&
	there_are 2 &&
	same "" "$(slot_pids | grep -x "$killed")" &&
	wait "$both" &&
	same 1 "$(grep -cx "200 - 1" both.log)" &&
	same 1 "$(grep -c errorType both.log)" &&
	within 3000 fill 2 &&
	says lambda.log "was killed by signal 9 (SIGKILL"
'

check 'SIGTERM reaches all language runtimes, and all have gone within 270 ms' '
	start_slots 3 obeys &&
	within 10000 have_started 3 &&
	sleep 0.5 &&
	set -- "\"hear() { echo goodbye >>/var/task/goodbyes; exit; }; trap hear TERM; sleep 0.3; response=1\"" &&
	together "$1" "$1" "$1" &&
	same 3 "$(grep -cx "200 - 1" answers)" &&
	supervisor=$(named /opt/bootstrap | head -n 1) &&
	kill -TERM "$supervisor" &&
	within 270 fails_to test -e "/proc/$supervisor/exe" &&
	same "" "$(slot_pids)" &&
	same 3 "$(wc -l <task/goodbyes)" &&
	within 5000 fails_to kill -0 "$rie_pid" &&
	rie_pid=
'

check 'bootstrap registers as an extension once' '
	start_slots 4 streams &&
	within 10000 fill 4 &&
	same 1 "$(grep -c "Internal agent registered" lambda.log)" &&
	same "" "$(grep "cannot register" lambda.log)"
'

check 'an error of the Init phase reaches the caller, is told once, and leaves no process' '
	mkdir task &&
	cp "$tests/fakes/runtimes/cannot-load-the-handler" task &&
	printf "#!/bin/sh\nsleep 1\nexec /var/task/cannot-load-the-handler\n" >task/late &&
	chmod +x task/late &&
	start_slots 4 streams SLSRUNTIME=/var/task/late &&
	within 5000 fails_to kill -0 "$rie_pid" &&
	rie_pid= &&
	says lambda.log Runtime.ImportModuleError &&
	same 1 "$(grep -c "no module nowhere" lambda.log)" &&
	is_unmarked
'

# says_often COUNT TEXT: the log has so many lines with the text.
says_often() {
	test "$(grep -c "$2" lambda.log)" -ge "$1"
}

check 'a handler that cannot be loaded any more in one slot does not end the others' '
	mkdir task &&
	cp "$tests/fakes/runtimes/cannot-load-the-handler" task &&
	printf "#!/bin/sh\ntest ! -e /var/task/broken || exec /var/task/cannot-load-the-handler\nexec /var/task/streams\n" >task/now-and-then &&
	chmod +x task/now-and-then &&
	start_slots 2 streams SLSRUNTIME=/var/task/now-and-then &&
	within 10000 fill 2 &&
	touch task/broken &&
	slot_pids | head -n 1 | xargs kill -9 &&
	within 5000 says_often 3 "no module nowhere" &&
	within 1000 is_well &&
	rm task/broken &&
	within 5000 fill 2 &&
	same 0 "$(grep -c "Runtime Init Error" lambda.log)"
'

check '5,000 calls at N=8 while slots and language runtimes are killed: none is lost, and none has the answer of another' '
	start_slots 8 streams AWS_LAMBDA_FUNCTION_TIMEOUT=3 &&
	within 10000 fill 8 &&
	load 5000 8 &&
	test "$(cat kills)" -ge 5 &&
	same "lost 0, crossed 0" "$(cut -d , -f 1,2 counts)" &&
	within 5000 fill 8 &&
	there_are 8
'

check 'the supervisor and the bootstrap of a slot have at most 150 KB of their own, and the supervisor takes no CPU time' '
	start_slots 8 streams &&
	within 10000 fill 8 &&
	private_kb &&
	test "$(private_kb | sort -n | tail -n 1)" -le 150 &&
	cpu=$(cpu) &&
	sleep 0.5 &&
	same "$cpu" "$(cpu)"
'

check 'two slots stream at once, and each has its own error' '
	start_slots 2 streams &&
	within 10000 fill 2 &&
	set -- "{\"stream\":{\"contentType\":\"text/plain\"}},{\"chunk\":\"one \"},[\"sleep\",0.3]" &&
	together "[$1,{\"chunk\":\"two\"},{\"end\":true}]" "[$1,{\"error\":{\"errorType\":\"ValueError\",\"errorMessage\":\"no\"}}]" &&
	same "200 - one two" "$(answer 1)" &&
	answer 2 | grep -q "Function.ValueError" &&
	within 2000 fill 2
'

check 'each line of the log is JSON, and none is longer than a pipe keeps whole' '
	start_slots 4 streams &&
	within 10000 fill 4 &&
	long=$(printf %05000d 0) &&
	set -- "[{\"error\":{\"errorType\":\"E\",\"errorMessage\":\"$long\",\"stackTrace\":[\"$long\",\"$long\"]}}]" &&
	for turn in 1 2 3 4 5
	do
		together "$1" "$1" "$1" "$1" >turn.log || break
	done &&
	are_json 10
'

check 'N=1 is one process, without a supervisor' '
	start_slots 1 streams &&
	within 10000 is_well &&
	same "" "$(slot_pids)" &&
	same 1 "$(named /opt/bootstrap | wc -l)" &&
	same 1 "$(wc -l <task/starts)"
'

finish
