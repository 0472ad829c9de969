#!/bin/sh
description='Init: bootstrap starts the language runtime first, and reports what goes wrong'
. ./lib/lib.sh
. ./lib/robust.sh

check 'the language runtime boots while bootstrap registers as an extension' '
	faulty boots-slowly "{\"on\":\"register\",\"nth\":1,\"do\":{\"swallow\":true}}" &&
	within 900 test -s task/starts &&
	fails_to grep -q answered journal
'

check 'bootstrap asks for the first event only after the handler is loaded' '
	start_lambda boots-slowly &&
	within 2000 grep -q extension/event/next journal &&
	fails_to grep -q invocation/next journal &&
	touch task/go &&
	is_ready &&
	says journal invocation/next
'

check 'the language runtime starts in LAMBDA_TASK_ROOT, in its own process group, with the handler as its argument' '
	start_lambda describes-itself &&
	is_ready &&
	same "handler: fake.handler|folder: $work/task|leads its group: 1|" "$(tr "\n" "|" <task/itself)"
'

check 'the language runtime inherits no descriptor of bootstrap except STDIN, STDOUT and stderr' '
	start_lambda describes-itself &&
	is_ready &&
	fails_to grep -E " [4-9] ->|socket" task/descriptors
'

check 'bootstrap prints nothing when nothing goes wrong' '
	start_lambda echoes &&
	answers 1 1 &&
	stop_lambda &&
	fails_to grep -q bootstrap: lambda.log
'

check 'a handler that cannot be loaded is reported with the error of the language runtime' '
	start_lambda cannot-load-the-handler &&
	init_fails Runtime.ImportModuleError "no module nowhere" &&
	says journal "\\\"stackTrace\\\":[\\\"line 1\\\"]" &&
	says journal lambda-runtime-function-xray-error-cause &&
	starts 1
'

check 'a language runtime that exits before it is ready is started again' '
	start_lambda dies-at-first &&
	answers 1 1 &&
	starts 2
'

check 'a restart of the language runtime is logged' '
	start_lambda dies-at-first &&
	logged "bootstrap: the language runtime exited with status 3"
'

check 'Init fails if the language runtime exits twice before it is ready' '
	start_lambda dies-before-ready --env "DIES=exit 3" &&
	init_fails Runtime.ExitError "the language runtime exited with status 3" &&
	starts 2
'

check 'Init fails if the language runtime is killed twice before it is ready' '
	start_lambda dies-before-ready --env "DIES=kill -KILL \$\$" &&
	init_fails Runtime.ExitError "was killed by signal 9 (SIGKILL, as when memory runs out)"
'

check 'Init fails if the language runtime closes STDOUT twice before it is ready' '
	start_lambda dies-before-ready --env "DIES=exec >&-" &&
	init_fails Runtime.ExitError "closed its STDIN or STDOUT and was killed"
'

check 'Init fails if the language runtime twice prints text that is not a message of the protocol' '
	start_lambda dies-before-ready --env "DIES=echo Welcome" &&
	init_fails Runtime.ExitError "its STDOUT carried no message of the protocol"
'

check 'Init fails at the first start if the language runtime has another version of the protocol' '
	start_lambda speaks-version-2 &&
	init_fails Runtime.InvalidProtocol "speaks version 2 of the protocol, this bootstrap version 1" &&
	starts 1
'

check 'Init fails and says what to do if the language runtime cannot be executed' '
	start_lambda no-interpreter &&
	init_fails Runtime.InvalidEntrypoint "the interpreter that its first line names, is missing"
'

# refuses_itself PROGRAM: Init fails once, because that language runtime is bootstrap itself.
refuses_itself() {
	init_fails Runtime.InvalidEntrypoint "cannot start $1: it starts bootstrap again, without end; set SLSRUNTIME to a language, like nodejs"
}

check 'Init fails and says what to do if the language runtime is bootstrap itself' '
	start_lambda echoes --env "SLSRUNTIME=$bootstrap" &&
	refuses_itself "$bootstrap"
'

check 'Init fails if the language runtime is a copy of bootstrap with the name of a language' '
	mkdir -p task/runtimes/aa &&
	cp "$bootstrap" task/runtimes/aa/language-runtime &&
	touch task/fake.aa &&
	start_lambda echoes --env SLSRUNTIME= &&
	refuses_itself "$work/task/runtimes/aa/language-runtime"
'

check 'Init fails after one start if the language runtime is a script that starts bootstrap' '
	executable mine/language-runtime "echo >>started; $bootstrap; exit 3" &&
	start_lambda echoes --env "SLSRUNTIME=$work/mine" &&
	refuses_itself "$work/mine/language-runtime" &&
	same 1 "$(wc -l <task/started)"
'

check 'Init fails if a wrapper starts bootstrap as the language runtime' '
	executable wrapper "exec \"\$@\"" &&
	start_lambda echoes --env "SLSRUNTIME=$bootstrap" --env "AWS_LAMBDA_EXEC_WRAPPER=$work/wrapper" &&
	refuses_itself "$bootstrap"
'

for bad in SLSGRACE=soon SLSGRACE=-1 SLSGRACE=1.5 SLSGRACE=900001 SLSEVENTS=raw,cooked SLSBATCH=maybe SLSOVERLAP=yes SLSLOG=loud
do
	check "$bad is a failed Init that names the variable, and nothing is started" '
		start_lambda obeys --env "$bad" &&
		init_fails Runtime.InvalidConfiguration "the environment variable ${bad%%=*} is \"${bad##*[=,]}\", but must be " &&
		fails_to test -e task/starts
	'
done

check 'Init fails if no handler is set' '
	start_lambda obeys --env _HANDLER= &&
	init_fails Runtime.InvalidConfiguration "the environment variable _HANDLER is"
'

check 'Init fails if LAMBDA_TASK_ROOT does not exist' '
	start_lambda obeys --env LAMBDA_TASK_ROOT=/no/such/folder &&
	init_fails Runtime.InvalidTaskRoot "cannot enter LAMBDA_TASK_ROOT /no/such/folder: No such file or directory"
'

check 'Init fails and lists every place that was searched if no language runtime is found' '
	start_lambda obeys --env SLSRUNTIME=cobol &&
	init_fails Runtime.NoLanguageRuntime "no language runtime for SLSRUNTIME=cobol; looked for /opt/runtimes/cobol/language-runtime" &&
	logged "$work/task/runtimes/cobol/language-runtime" &&
	logged "${bootstrap%/*}/runtimes/cobol/language-runtime"
'

check 'Init fails and names the files that would do if the handler has no file' '
	start_lambda obeys --env SLSRUNTIME= &&
	init_fails Runtime.NoLanguageRuntime "no language runtime for the handler fake.handler; looked for /opt/language-runtime" &&
	logged "a file $work/task/fake.*"
'

check 'the file extension of the handler selects a language runtime beside the user code' '
	mkdir -p task/runtimes/aa &&
	touch task/fake.aa &&
	cp "$tests/fakes/runtimes/echoes" task/runtimes/aa/language-runtime &&
	start_lambda echoes --env SLSRUNTIME= &&
	answers 1 1
'

check 'Init fails and names the files if the handler exists in two languages' '
	mkdir -p task/runtimes/aa task/runtimes/bb &&
	touch task/fake.aa task/fake.bb &&
	cp "$tests/fakes/runtimes/echoes" task/runtimes/aa/language-runtime &&
	cp "$tests/fakes/runtimes/echoes" task/runtimes/bb/language-runtime &&
	start_lambda echoes --env SLSRUNTIME= &&
	init_fails Runtime.AmbiguousHandler "task/fake.bb; name its language runtime in SLSRUNTIME"
'

check 'SLSRUNTIME may be a folder' '
	mkdir mine &&
	cp "$tests/fakes/runtimes/echoes" mine/language-runtime &&
	start_lambda echoes --env "SLSRUNTIME=$work/mine" &&
	answers 1 1
'

check 'bootstrap ignores proxy variables when it calls the Runtime API' '
	start_lambda echoes --env HTTP_PROXY=http://127.0.0.1:1 --env http_proxy=http://127.0.0.1:1 --env ALL_PROXY=http://127.0.0.1:1 &&
	answers 1 1
'

check 'of several files of one language for a handler the language runtime chooses' '
	make_task nodejs:batches.respond &&
	touch task/batches.mjs &&
	start_lambda nodejs:batches.respond &&
	is_ready
'

finish
