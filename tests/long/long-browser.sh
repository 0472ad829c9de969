#!/bin/sh
description='a real browser: pages reach nothing at the ports of the developer'"'"'s machine, and its developer tools attach'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/pages.sh

DEBUGGERS=$repository/.cache/debug
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
export DEBUGGERS CHROMIUM

# install_debuggers: installs them from npm, once.
install_debuggers() {
	mkdir -p "$DEBUGGERS" && "$tests/lib/npm-install" "$tests/tool/debug" "$DEBUGGERS/npm"
}

# pages PORT PATH BODY [PAGE…]: opens pages that try to reach the port in every way. Writes the files tried and could-read, which
# has no refusals.
pages() {
	node "$tests/tool/browser/pages.cjs" "$@" >tried &&
		says tried "rebound typed" &&
		grep -v -e "open-runtime refuses" -e "this port is for functions, which send no HTTP requests" tried | sed -n "/^[^ ]* [^ ]* ./p" >could-read
}

# witness: starts a listener that answers every client. The file seen has the tries that arrive.
witness() {
	python3 "$tests/tool/browser/witness.py" witness-port >seen &
	at_end "kill $!; wait $!; true"
	within 10000 test -s witness-port
}

# requests: prints how many requests bootstrap made.
requests() {
	journal "what == 'request'" | wc -l
}

needs node
test -n "$CHROMIUM" || missing=chromium
fetch chrome-remote-interface install_debuggers

check 'each try reaches a listener that checks nothing, and a page with DNS rebinding reads its answer' '
	witness &&
	pages "$(cat witness-port)" / 1 &&
	cut -d " " -f 2 tried | sort -u >wanted &&
	sort -u seen | diff wanted - &&
	says could-read "rebound "
'

check 'the Invoke API runs no function for pages, and they read nothing' '
	start_lambda echoes &&
	is_ready &&
	pages "$(cat port)" "/$invoke_path" 1 &&
	same "" "$(cat could-read)" &&
	runs_nothing
'

check 'the Runtime API gives no event to pages' '
	start_lambda echoes &&
	is_ready &&
	runtime_api=$(sed -n "s/.*\"address\":\"\([^\"]*\)\".*\"what\":\"runtime-api\".*/\1/p" journal) &&
	before=$(requests) &&
	pages "${runtime_api##*:}" /2018-06-01/runtime/invocation/next 1 &&
	same "" "$(cat could-read)" &&
	same "$before" "$(requests)" &&
	answers 1 1
'

check 'no page attaches to a function in Node.js that waits for a debugger, except one with the token' '
	waits_in nodejs 600 &&
	logged "Debugger listening" &&
	pages "$outer" /json/list 1 stranger stranger-at-0.0.0.0 rebound data &&
	same "" "$(cat could-read)" &&
	fails_to grep "have met" relay.log &&
	fails_to grep "Debugger attached" lambda.log &&
	TOKEN=$token node "$tests/tool/debug/attach.cjs" "$outer" resume >attached &&
	within 20000 test -s status &&
	says attached "paused in exports.stops at line 3: 42"
'

check 'pdb runs no line that a page sends' '
	waits_in python 600 &&
	within 10000 said "what == '"'"'answered'"'"' and requestId" &&
	pages "$outer" / "!open(\"pwned\", \"w\")" stranger rebound &&
	same "" "$(cat could-read)" &&
	fails_to test -e task/pwned
'

check 'the port for functions accepts no page as a function' '
	relay &&
	pages "$inner" / 1 stranger rebound &&
	same "" "$(cat could-read)" &&
	fails_to grep "have met" relay.log
'

# stands_still: starts `invoke --debug` in the background, and waits until its function waits.
stands_still() {
	make_task nodejs:debugged.stops &&
		rm -f status
	{
		"$open_runtime" invoke debugged.stops --debug -d "{}" --bootstrap "$bootstrap" --task-root task >response 2>lambda.log
		echo $? >status
	} &
	at_end "wait $!"
	within 20000 says lambda.log "Debugger listening"
}

check 'the printed URL opens the developer tools, which stop at both places and resume the function' '
	stands_still &&
	node "$tests/tool/browser/devtools.cjs" "$(sed -n "s/.*\(devtools:.*\)/\1/p" lambda.log)" >shown &&
	within 20000 test -s status &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	same "$(printf "%s\n" paused paused)" "$(cat shown)"
'

finish
