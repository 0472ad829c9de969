#!/bin/sh
description='language runtimes that fail: the invocation fails at once and names the cause, and the next one succeeds'
. ./lib/lib.sh
. ./lib/robust.sh

# killed_by NUMBER NAME
killed_by() {
	failed_so Runtime.ExitError "the language runtime was killed by signal $1 ($2)" "kill -$1 \$\$"
}

check 'an exit of the language runtime fails the invocation and is reported with its status' '
	start_lambda obeys &&
	failed_so Runtime.ExitError "the language runtime exited with status 0" "exit 0" &&
	failed_so Runtime.ExitError "the language runtime exited with status 137" "exit 137" &&
	starts 3
'

check 'a language runtime that is killed by a signal fails the invocation, and the signal is named' '
	start_lambda obeys &&
	killed_by 1 SIGHUP &&
	killed_by 4 SIGILL &&
	killed_by 6 SIGABRT &&
	killed_by 7 SIGBUS &&
	killed_by 8 SIGFPE &&
	killed_by 9 "SIGKILL, as when memory runs out" &&
	killed_by 11 SIGSEGV &&
	killed_by 13 SIGPIPE &&
	killed_by 14 SIGALRM &&
	killed_by 15 SIGTERM
'

check 'a language runtime that left its process group is killed at the deadline and in Shutdown' '
	given 1000 1 obeys &&
	echo "setpgrp 0, getpgrp getppid; \$SIG{TERM} = q(IGNORE); sleep 60" >task/leave &&
	tell "exec perl leave" &&
	failed Function.Timeout "Task timed out" &&
	answers 1 1 &&
	shutdown_takes 350
'

check 'a language runtime that closes STDOUT and keeps running fails the invocation and is replaced' '
	start_lambda obeys &&
	failed_so Runtime.ExitError "closed its STDIN or STDOUT and was killed" "exec >&-; sleep 60" &&
	starts 2
'


check 'a language runtime that closes STDIN while idle is replaced before the next invocation' '
	start_lambda obeys &&
	tell "exec <&-; answer \$id 1; sleep 60" &&
	succeeded &&
	within 1000 starts 2 &&
	answers 2 2
'

check 'a language runtime may close STDIN after it read a call, answer, and exit' '
	start_lambda serves-once &&
	answers 1 1 &&
	answers 2 2 &&
	within 1000 starts 3
'

check 'a line that is not a message of the protocol fails the invocation' '
	start_lambda obeys &&
	failed_so Runtime.ExitError "its STDOUT carried no message of the protocol: no JSON (a line of 7 bytes, wrong at byte 1)" "say Welcome" &&
	failed_so Runtime.ExitError "its STDOUT carried no message of the protocol" "say" &&
	starts 3
'

check 'an exit in the middle of a line is reported as such' '
	start_lambda obeys &&
	failed_so Runtime.ExitError "exited with status 4 in the middle of a line" "printf {; exit 4" &&
	starts 2 &&
	fails_to grep -q "before it was ready" lambda.log
'

check 'an answer counts if the language runtime exits after it' '
	start_lambda obeys &&
	tell "answer \$id 1; exit 9" &&
	succeeded &&
	answers 2 2 &&
	starts 2
'

check 'a call of which the language runtime had read nothing when it exited goes to the next process' '
	start_lambda obeys &&
	tell "answer \$id 1; sleep 0.5; exit 9" &&
	succeeded &&
	answers 2 2 &&
	starts 2 &&
	logged "exited with status 9, while no call was under way"
'

check 'a call that it had begun to read is not repeated' '
	start_lambda obeys &&
	tell "answer \$id 1; dd bs=1 count=1 >begun 2>&1; exit 9" &&
	succeeded &&
	failed_so Runtime.ExitError "exited with status 9" true &&
	starts 2
'

check 'an answer that fills the pipe counts if the language runtime exits after it' '
	start_lambda obeys &&
	for _ in 1 2 3 4 5
	do
		tell "answer \$id [\$(head -c 60000 /dev/zero | tr -c 1 1)]; exit 9" &&
			succeeded &&
			same 60002 "$(wc -c <response)" || return
	done
'

check 'an answer to an unknown call is dropped and logged' '
	start_lambda obeys &&
	tell "answer other 1" &&
	succeeded &&
	logged "dropped an answer of the language runtime" &&
	starts 1
'

check 'answers to unknown calls are logged once for each invocation' '
	start_lambda obeys &&
	for _ in 1 2
	do
		tell "answer other 1; answer another 2" &&
		succeeded || return
	done &&
	logged_times 2 "dropped an answer"
'

check 'the first of two answers counts' '
	start_lambda obeys &&
	tell "answer \$id 1; response=2" &&
	succeeded &&
	same 1 "$(cat response)" &&
	answers 3 3 &&
	logged "dropped an answer of the language runtime" &&
	starts 1
'

check 'an Init failure that is reported during an invocation fails that invocation' '
	start_lambda obeys &&
	failed_so Late "too-late" "fail_init too-late" &&
	starts 2
'

check 'a language runtime that is killed while idle is replaced before the next invocation' '
	start_lambda obeys &&
	answers 1 1 &&
	kill -9 "$(runtime_pid)" &&
	within 1000 starts 2 &&
	logged "was killed by signal 9 (SIGKILL, as when memory runs out), while no call was under way" &&
	answers 2 2 &&
	starts 2
'

check 'a language runtime that is killed while idle is replaced although a child holds its pipes' '
	start_lambda obeys &&
	tell "sleep 60 &" &&
	succeeded &&
	kill -9 "$(runtime_pid)" &&
	within 1000 starts 2 &&
	answers 2 2
'

check 'a language runtime is replaced if it prints a line that is not a message of the protocol while idle' '
	start_lambda obeys &&
	tell "(sleep 0.1; say Welcome) &" &&
	succeeded &&
	within 2000 starts 2 &&
	answers 2 2
'

check 'a language runtime that is killed while a middleware runs is replaced although a child holds its pipes' '
	executable task/middlewares/kills "test ! -e kills || { kill -9 \$(tail -n 1 starts); sleep 0.1; rm -f kills; }" &&
	start_lambda obeys --env SLSMIDDLEWARES=kills --timeout 20 &&
	tell "sleep 60 <&0 &" &&
	succeeded &&
	touch task/kills &&
	answers 2 2 &&
	starts 2
'

check 'a language runtime that is killed during an after hook is replaced before the next event' '
	executable task/middlewares/kills "test \$1 != after || test ! -e kills || { kill -9 \$(tail -n 1 starts); sleep 0.1; rm -f kills; }" &&
	start_lambda obeys --env SLSMIDDLEWARES=kills --timeout 20 &&
	tell "sleep 60 <&0 &" &&
	succeeded &&
	touch task/kills &&
	answers 2 2 &&
	within 2000 starts 2 &&
	answers 3 3
'

check 'a language runtime is started again before bootstrap asks for the next event, when Lambda may freeze the environment' '
	executable mine/language-runtime "$(cat "$tests/fakes/runtimes/obeys")" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" &&
	tell "rm \$0; exit 5" &&
	failed Runtime.ExitError "exited with status 5" &&
	bootstrap_exits 1 &&
	logged "cannot be kept alive: Runtime.InvalidEntrypoint: cannot start" &&
	same 1 "$(asked invocation/next)"
'

check 'a language runtime that exits repeatedly while idle is reported and ends the environment' '
	start_lambda dies-while-idle &&
	is_ready &&
	touch task/go &&
	bootstrap_exits 1 &&
	logged "the language runtime cannot be kept alive: Runtime.ExitError: the language runtime exited with status 7" &&
	starts 5
'

check 'a language runtime that is killed repeatedly while idle does not end the environment if it answers in between' '
	start_lambda obeys &&
	within 10000 starts 1 &&
	for number in 2 3 4 5 6 7
	do
		kill -9 "$(runtime_pid)" &&
		within 10000 starts $number &&
		answers $number $number || break
	done &&
	starts 7 &&
	same 1 "$(journal "what == \"spawned\"" | wc -l)"
'

check 'a failed invocation in between is no answer: then it ends the environment' '
	start_lambda obeys &&
	for number in 1 3 5 7
	do
		within 10000 starts $number &&
		kill -9 "$(runtime_pid)" &&
		within 10000 starts $((number + 1)) &&
		tell "exit 5" &&
		failed Runtime.ExitError "exited with status 5" || break
	done &&
	within 10000 starts 9 &&
	kill -9 "$(runtime_pid)" &&
	bootstrap_exits 1 &&
	logged "the language runtime cannot be kept alive"
'

check 'a language runtime that exits at each event fails each invocation and does not end the environment' '
	start_lambda obeys &&
	for _ in 1 2 3 4 5 6
	do
		tell "exit 5" &&
		failed Runtime.ExitError "exited with status 5" || break
	done &&
	answers 1 1 &&
	starts 7
'

check 'an exit before the language runtime is ready does not end the environment if the next start succeeds' '
	executable mine/language-runtime "echo >>tried; test \$((\$(wc -l <tried) % 2)) -eq 0 || exit 3; exec $tests/fakes/runtimes/obeys" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" &&
	for _ in 1 2 3
	do
		tell "exit 5" &&
		failed Runtime.ExitError "exited with status 5" || break
	done &&
	answers 1 1 &&
	same 8 "$(wc -l <task/tried)" &&
	same 1 "$(journal "what == \"spawned\"" | wc -l)"
'

check 'a language runtime that cannot load the handler after a restart is started once more' '
	executable mine/language-runtime "echo >>tried; test \$(wc -l <tried) -ne 2 || exec $tests/fakes/runtimes/cannot-load-the-handler; exec $tests/fakes/runtimes/obeys" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" &&
	tell "exit 5" &&
	failed Runtime.ExitError "exited with status 5" &&
	answers 1 1 &&
	same 3 "$(wc -l <task/tried)" &&
	same 1 "$(journal "what == \"spawned\"" | wc -l)"
'

check 'a language runtime that cannot be started again is reported and ends the environment' '
	executable mine/language-runtime "$(cat "$tests/fakes/runtimes/obeys")" &&
	executable broken "exit 6" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" &&
	tell "mv ../broken \$0; exit 5" &&
	failed Runtime.ExitError "exited with status 5" &&
	bootstrap_exits 1 &&
	logged "the language runtime exited with status 6, before it was ready" &&
	logged "the language runtime cannot be kept alive: Runtime.ExitError: the language runtime exited with status 6"
'

check 'the caller gets an error if the language runtime cannot be started again while an event waits' '
	executable mine/language-runtime "$(cat "$tests/fakes/runtimes/obeys")" &&
	executable broken "until test -e go; do sleep 0.01; done; exit 6" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" &&
	tell "mv ../broken \$0; exit 5" &&
	start_invoking 1 &&
	within 30000 grep -q "\"number\":5,\"requestId\":\".*\",\"status\":200" journal &&
	touch task/go &&
	has_answer &&
	failed Runtime.ExitError "the language runtime exited with status 6" &&
	bootstrap_exits 1
'

check 'a language runtime that ignores SIGTERM and floods its stderr is killed at the deadline' '
	given 1000 1 obeys &&
	failed_so Function.Timeout "Task timed out" "trap : TERM; while :; do echo x >&2; done"
'

check 'a language runtime that does not read an event of 5.5 MB times out' '
	large_event 5500000 &&
	given 1000 1 never-reads &&
	fails_with Function.Timeout @large
'

check 'the rest of an event of 5.5 MB does not reach the next invocation if the answer comes before it is read' '
	large_event 5500000 &&
	start_lambda answers-before-it-has-read --timeout 5 &&
	answers @large "\"early\"" &&
	invoke 1 &&
	succeeded &&
	starts 2
'

check 'a language runtime that prints a line without end is killed before memory runs out' '
	start_lambda prints-without-end --timeout 20 &&
	tell x &&
	failed Runtime.ExitError "a line of more than" &&
	test "$(memory VmHWM)" -lt 100000
'

check 'so much as bootstrap takes of a line may wait for its end, and no byte more' '
	executable begins "
		head=\"{\\\"id\\\":\\\"\$1\\\",\\\"response\\\":\\\"\"
		printf %s \"\$head\"
		head -c \$((\$2 - \${#head})) /dev/zero | tr \"\\\\0\" x
		sleep 0.5
		printf \"\\\"}\\n\"" &&
	start_lambda obeys --timeout 20 &&
	fails_with Function.ResponseSizeTooLarge "\"../begins \$id 33554432\"" && # by Lambda: bootstrap has taken it
	tell "../begins \$id 33554433" &&
	failed Runtime.ExitError "a line of more than 33554432 bytes"
'

check 'a flood of answers to unknown calls is logged once' '
	executable flood "yes \"{\\\"id\\\":\\\"x\\\",\\\"response\\\":1}\" | head -n \$1" &&
	start_lambda obeys --timeout 20 &&
	tell "../flood 400000" &&
	succeeded &&
	logged "dropped an answer" &&
	same 1 "$(grep -c "dropped an answer" lambda.log)"
'

check 'a pipe that filled with lines while bootstrap was frozen is read at once' '
	executable flood "yes \"{\\\"id\\\":\\\"x\\\",\\\"response\\\":1}\" | head -n \$1" &&
	start_lambda obeys --timeout 20 &&
	tell "../flood 10000; sleep 0.2; (sleep 0.2; kill -CONT \$PPID) & kill -STOP \$PPID; ../flood 41000; exit 3" &&
	failed Runtime.ExitError "exited with status 3" &&
	within 5000 said "what == \"invocation\"" &&
	test "$(sed -n "s/.*\"ms\":\([0-9]*\).*\"what\":\"invocation\".*/\1/p" journal)" -lt 1200
'

finish
