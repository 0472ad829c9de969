#!/bin/sh
description='Init: bootstrap registers as an extension, so that Lambda sends SIGTERM, and works without registration'
. ./lib/lib.sh
. ./lib/robust.sh

# works_without WHAT REQUEST FAULT: the function answers. The log says why Lambda may end it without SIGTERM.
works_without() {
	faulty echoes "{\"on\":\"$2\",\"nth\":1,\"do\":$3}" &&
		answers 1 1 &&
		logged "cannot register as an extension, so Lambda may end this environment without SIGTERM: $1"
}

check 'bootstrap registers under its own name for no events, and asks for the next event' '
	start_lambda echoes &&
	is_ready &&
	says journal "\"lambda-extension-name\":\"open-runtime\"" &&
	says journal "\"text\":\"{\\\"events\\\":[]}\"" &&
	same 1 "$(asked extension/event/next)"
'

for code in 403 404 500
do
	check "a refusal with status $code is no failure" '
		works_without "HTTP status $code" register "{\"status\":$code}"
	'
done

check 'a refusal with an identifier still counts as a refusal' '
	works_without "HTTP status 500" register "{\"status\":500,\"headers\":{\"Lambda-Extension-Identifier\":\"x\"}}"
'

check 'a reset connection does not fail Init' '
	works_without "" register "{\"reset\":\"after-reading\"}"
'

check 'an answer that breaks off after the identifier is accepted' '
	faulty echoes "{\"on\":\"register\",\"nth\":1,\"do\":{\"reset\":\"mid-body\"}}" --init-limit 3 &&
	answers 1 1 &&
	same 1 "$(asked extension/event/next)" &&
	same 1 "$(grep -c "\"what\":\"spawned\"" journal)"
'

check 'bootstrap waits at most a second for an answer while the language runtime boots' '
	works_without "no answer in time" register "{\"swallow\":true}" &&
	init=$(sed -n "s/.*\"error\":null,\"ms\":\([0-9]*\).*\"what\":\"init\"}/\1/p" journal) &&
	test "$init" -lt 2000
'

for fault in '"status":403' '"reset":"before-reading"' '"swallow":true'
do
	check "the request for an event may be met with {$fault}" '
		faulty echoes "{\"on\":\"extension-next\",\"nth\":1,\"do\":{$fault}}" --init-limit 1 &&
		within 2000 grep -q extension/event/next journal &&
		within 2000 grep -q invocation/next journal
	'
done

check 'Init fails if the language runtime exits twice while bootstrap registers' '
	faulty dies-before-ready "{\"on\":\"register\",\"nth\":1,\"do\":{\"swallow\":true}}" --env "DIES=exit 3" &&
	init_fails Runtime.ExitError "exited with status 3"
'

finish
