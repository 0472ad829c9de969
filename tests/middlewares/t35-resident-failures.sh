#!/bin/sh
description='resident middlewares that hang, exit, or answer wrongly; Init and Shutdown'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/middlewares.sh
. ./lib/resident.sh

check 'a hook that hangs is killed at the deadline with its children, the error names it, and the next invocation works' '
	short 1 &&
	scripted "BEFORE=once hung && { sleep 60 & sleep 60; } || answer" &&
	invoke 1 &&
	has_timed_out before &&
	answers 2 2 &&
	starts 2
'

check 'an after hook that hangs ends like that, too, and error hooks run' '
	short 1 &&
	names=leaves-the-error,scripted scripted "AFTER=once hung && sleep 60 || answer" &&
	invoke 1 &&
	has_timed_out after &&
	same error "$(cat task/hooks)" &&
	answers 2 2
'

check 'an error hook that hangs leaves the error, and the log names it' '
	runtime=../middlewares/language-runtimes/fails &&
	short 1 &&
	scripted "ERROR=once hung && sleep 60 || answer" &&
	fails_with Boom 1 &&
	logged "middleware scripted had not ended its error hook" &&
	fails_with Boom 2 &&
	starts 2
'
runtime=echoes

check 'one that hangs when it is started again lets that invocation time out, and serves when it is ready' '
	short 2 &&
	scripted "START=test \$(wc -l <starts) != 2 || sleep 2" &&
	answers 1 1 &&
	ends_now "$(resident_pid)" &&
	invoke 2 &&
	has_timed_out before &&
	answers 3 3 &&
	starts 2
'

check 'the error hook of one that exited is served by another process, as far as there is time' '
	short 2 &&
	scripted "START=test \$(wc -l <starts) != 3 || sleep 2" "BEFORE=exit 3" "ERROR=output \$\$" &&
	invoke 1 &&
	succeeded &&
	starts 2 &&
	same "$(resident_pid)" "$(cat response)" &&
	invoke 2 &&
	blames before "it exited with status 3" &&
	logged "middleware scripted had not ended its error hook"
'

check 'one that exits in a hook fails the invocation, is started again, and serves the next one' '
	scripted "BEFORE=once gone && exit 3 || answer" &&
	invoke 1 &&
	blames before "it exited with status 3" &&
	within 1000 starts 2 &&
	answers 2 2 &&
	starts 2
'

check 'one that is killed in a hook, and one that ends in the middle of a line, fail the invocation and say so' '
	scripted "BEFORE=once killed && kill -SEGV \$\$; once half && { printf [; exit 3; }; answer" &&
	invoke 1 &&
	blames before "it was killed by signal 11 (SIGSEGV)" &&
	invoke 2 &&
	blames before "it exited with status 3 in the middle of a line" &&
	answers 3 3
'

check 'one that is killed between invocations is started again before the next one' '
	scripted &&
	answers 1 1 &&
	ends_now "$(resident_pid)" &&
	within 1000 starts 2 &&
	logged "middleware scripted failed: it was killed by signal 9 (SIGKILL, as when memory runs out), while no call was under way" &&
	answers 2 2 &&
	starts 2
'

check 'one that exits while the handler runs serves the after hook in another process' '
	with_runtime takes-100-ms scripted --env "BEFORE=answer; exit 3" --quiet &&
	answers 1 "{}" &&
	starts 2 &&
	lines 2
'

check 'the fifth death between invocations without an answer ends the environment, and the log says why' '
	scripted &&
	is_ready &&
	for number in 1 2 3 4 5
	do
		within 2000 starts "$number" &&
			within 2000 reads_its_input "$(resident_pid)" &&
			ends_now "$(resident_pid)" || return
	done &&
	bootstrap_exits 1 &&
	logged "a middleware cannot be kept alive: Function.MiddlewareFailed: middleware scripted failed: it was killed by signal 9"
'

check 'a line that is not a message fails the invocation, is not quoted, and the process is replaced' '
	scripted "BEFORE=once garbage && say secret || answer" &&
	invoke 1 &&
	blames before "it was killed: its STDOUT carried no message of the protocol: no JSON (a line of 6 bytes, wrong at byte 1)" &&
	fails_to grep secret response lambda.log &&
	answers 2 2 &&
	starts 2
'

check 'a line that is not a message replaces the process between invocations, too' '
	scripted "AFTER=answer; once garbage && say secret" &&
	answers 1 1 &&
	within 1000 starts 2 &&
	logged "middleware scripted failed: it was killed: its STDOUT carried no message of the protocol" &&
	answers 2 2
'

check 'an answer whose output is not JSON fails the hook, and the process serves on' '
	scripted "BEFORE=test \$input = 1 && output secret || answer" &&
	invoke 1 &&
	blames before "the output is not JSON: no JSON" &&
	fails_to grep secret response lambda.log &&
	answers 2 2 &&
	starts 1
'

check 'a line without an id, or of an array, is not a message' '
	for line in "{}" "[]" "{\\\"output\\\":1}" "{\\\"id\\\":null,\\\"output\\\":1}"
	do
		scripted "BEFORE=say \"$line\"" &&
			invoke 1 &&
			blames before "it was killed: its STDOUT carried no message of the protocol" &&
			stop_lambda || return
	done
'

check 'an answer to another id is dropped with a warning, and the right one counts' '
	scripted "BEFORE=own=\$id; id=other; output 1; id=\$own; output 2" &&
	answers 0 2 &&
	logged "dropped an answer of scripted that came too late, or to no call of ours"
'

check 'a hook that only answers another id times out' '
	short 1 &&
	scripted "BEFORE=id=\$id-; once wrong && output 1 || { id=\${id%-}; answer; }" &&
	invoke 0 &&
	has_timed_out before &&
	answers 2 2
'

check 'a second answer to one hook is not taken for the answer to the next' '
	scripted "BEFORE=output 1; output 2" "AFTER=sleep 0.1; answer" &&
	answers 0 1 &&
	logged "dropped an answer of scripted"
'

check 'a line without end fails the invocation' '
	scripted "BEFORE=once flooded && exec cat /dev/zero || answer" &&
	invoke 1 &&
	blames before "it was killed: its STDOUT carried no message of the protocol: a line of more than 33554432 bytes" &&
	answers 2 2
'

check 'stderr is the log, at any length' '
	scripted "BEFORE=head -c 10000000 /dev/zero | tr \"\\\\0\" x >&2; answer" &&
	answers 1 1 &&
	test "$(wc -c <lambda.log)" -ge 10000000
'

check 'an idle one gets SIGTERM in Shutdown, and bootstrap exits in time' '
	scripted "START=trap \"echo sigterm >goodbye; exit\" TERM" &&
	answers 1 1 &&
	shutdown_takes 350 &&
	same sigterm "$(cat task/goodbye)" &&
	is_quiet
'

check 'one that ignores SIGTERM sees the end of its STDIN' '
	scripted "START=trap : TERM" &&
	answers 1 1 &&
	shutdown_takes 350 &&
	same end "$(cat task/ended)"
'

check 'those that ignore SIGTERM and the end of STDIN are killed in time, with their children' '
	names=scripted,scripted scripted "AFTER=answer; trap \"\" TERM; sleep 60 & sleep 60" &&
	answers 1 1 &&
	shutdown_takes 350
'

check 'a hook that runs when SIGTERM comes is not disturbed, and its answer counts' '
	scripted "START=trap \"echo disturbed >signals\" TERM" "BEFORE=kill -TERM \$PPID; sleep 0.1; cp signals heard; output 2" &&
	answers 1 2 &&
	fails_to test -e task/heard &&
	bootstrap_exits 0
'

# hangs_at_sigterm: SIGTERM comes while a hook hangs. The answer may come before it does: then once more.
hangs_at_sigterm() {
	for _ in 1 2 3 4 5
	do
		rm -f task/called journal
		scripted "BEFORE=echo >called; sleep 60" &&
			start_invoking 1 &&
			within 30000 test -e task/called &&
			terminate TERM &&
			has_answer &&
			exits_with 0 || return
		grep -q Runtime.Shutdown response && return
		stop_lambda || return
	done
	return 1
}

check 'a hook that hangs when SIGTERM comes ends in time, and the caller is told' '
	hangs_at_sigterm
'

check 'Init waits for it, and the first invocation finds it ready' '
	scripted "START=sleep 0.5; echo >booted" &&
	is_ready &&
	test -e task/booted &&
	answers 1 1
'

check 'one that is never ready ends with the Init phase, as a language runtime does' '
	scripted "START=sleep 60" --timeout 1 &&
	fails_with Sandbox.Timedout 1 &&
	says lambda.log "Init timed out after 10.00 seconds"
'

check 'SIGTERM while it boots ends bootstrap with status 0' '
	scripted "START=echo >booting; sleep 60" &&
	within 10000 test -e task/booting &&
	terminate &&
	exits_with 0
'

check 'one that exits before it is ready is started a second time' '
	scripted "START=once first && exit 3" &&
	answers 1 1 &&
	starts 2 &&
	logged "middleware scripted failed: it exited with status 3, before it was ready"
'

check 'one that exits twice before it is ready fails Init, and the error has its name and status' '
	scripted "START=exit 3" &&
	init_fails Function.MiddlewareFailed "middleware scripted failed: it exited with status 3"
'

check 'one that says that it cannot serve fails Init at once, with its error' '
	scripted "START=say \"{\\\"error\\\":{\\\"errorType\\\":\\\"Boom\\\",\\\"errorMessage\\\":\\\"no-key\\\"}}\"; sleep 60" &&
	init_fails Function.MiddlewareFailed "middleware scripted failed: Boom: no-key" &&
	starts 1
'

check 'another version of the protocol fails Init' '
	scripted "START=say \"{\\\"ready\\\":{\\\"protocol\\\":2}}\"; sleep 60" &&
	init_fails Function.MiddlewareFailed "middleware scripted failed: it speaks version 2 of the protocol, this bootstrap version 1"
'

check 'a serve that is not executable is an Init error that names its path' '
	mkdir -p task/middlewares/plain.d &&
	echo "#!/bin/sh" >task/middlewares/plain.d/serve &&
	cp "$tests/fakes/middlewares/one" task/middlewares/plain &&
	start_lambda echoes --env SLSMIDDLEWARES=plain &&
	fails_with Runtime.NoMiddleware 1 &&
	says response "$work/task/middlewares/plain.d/serve is not an executable file; chmod +x makes it one"
'

check 'a serve whose interpreter is missing is an Init error that says so' '
	mkdir -p task/middlewares/lost.d &&
	printf "#!/no/such/interpreter\n" >task/middlewares/lost.d/serve &&
	chmod +x task/middlewares/lost.d/serve &&
	start_lambda echoes --env SLSMIDDLEWARES=lost &&
	init_fails Function.MiddlewareFailed "middleware lost failed: cannot start $work/task/middlewares/lost.d/serve: No such file" &&
	says lambda.log "the interpreter that its first line names, is missing"
'

finish
