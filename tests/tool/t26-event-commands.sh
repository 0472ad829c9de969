#!/bin/sh
description='open-runtime event and map: samples of events, and what the handler would get'
. ./lib/lib.sh

# maps INPUT [OPTION…]: what open-runtime map prints for that event is in mapped, what it says in report.
maps() {
	printf '%s' "$1" >input
	shift
	"$open_runtime" map "$@" <input >mapped 2>report
}

# has_sample KIND: it is the one that the mapping is tested with.
has_sample() {
	"$open_runtime" event "$1" >sample &&
		cmp sample "$tests/events/$1.json"
}

# is_mapped KIND: without a warning, as its kind alone decides.
is_mapped() {
	"$open_runtime" event "$1" | "$open_runtime" map >mapped 2>report &&
		test -s mapped &&
		same "" "$(cat report)" &&
		case $1 in
		unknown)
			cmp_json mapped "$tests/events/unknown.json"
			;;
		*)
			fails_to grep -v "\"specversion\": *\"1.0\"" mapped
			;;
		esac
}

cmp_json() {
	same_json "$(cat "$1")" "$2"
}

for_each_kind() {
	"$open_runtime" event --list >kinds &&
		test -s kinds || return
	while read -r kind
	do
		"$1" "$kind" || return
	done <kinds
}

check 'every kind that the documents list has a sample, and no other' '
	sed -n "s/^| \`\([a-z0-9-]*\)\` .*/\1/p" "$repository/docs/event-kinds.md" | sort -u >expected &&
	test -s expected &&
	"$open_runtime" event --list | grep -vx unknown >listed &&
	cmp expected listed
'

check 'samples are the events that the mapping is tested with' '
	for_each_kind has_sample
'

check 'the sample of every kind is mapped without a warning' '
	for_each_kind is_mapped
'

check 'what is no kind is refused, and the list is named' '
	ends_with 2 "$open_runtime" event nonsense 2>report &&
	says report "open-runtime event --list" &&
	ends_with 2 "$open_runtime" event 2>report
'

check 'the handler of invoke gets what map prints' '
	make_task echoes &&
	"$open_runtime" event s3 >event &&
	"$open_runtime" invoke any.handler --quiet -f event --bootstrap "$bootstrap" --env "SLSRUNTIME=$tests/fakes/runtimes/echoes" >response &&
	maps "$(cat event)" &&
	sed "s/\"traceparent\":\"[^\"]*\",//" response >expected &&
	sed "s/\"traceparent\":\"[^\"]*\",//" mapped >actual &&
	same_json "$(cat expected)" actual
'

check 'a slip of the keyboard has the kind that is meant' '
	ends_with 2 "$open_runtime" event sqqs 2>report &&
	says report "did you mean \`sqs\`?"
'

check 'events are printed without the blanks between their parts, and strings as they are' '
	"$open_runtime" event s3 | "$open_runtime" map >mapped &&
	fails_to grep "  " mapped &&
	maps "{ \"a\" : [ 1.50 , \"b \\\\ \\\"  c\" ] }" --events raw &&
	same "{\"a\":[1.50,\"b \\\\ \\\"  c\"]}" "$(cat mapped)"
'

check 'a byte order mark is told' '
	ends_with 2 maps "$(printf "\357\273\277{}")" &&
	says report "byte order mark"
'

check 'cloudevents is the default by its name' '
	maps "$(cat "$tests/events/sqs.json")" --events cloudevents &&
	same 2 "$(wc -l <mapped)" &&
	ends_with 2 maps 1 --events "raw cloudevents" &&
	says report "comma-separated list of cloudevents, raw, wrap"
'

check 'a batch is a line for each of its records' '
	maps "$(cat "$tests/events/sqs.json")" &&
	same 2 "$(wc -l <mapped)"
'

check 'SLSEVENTS of the environment is heeded, and --events goes before it' '
	SLSEVENTS=wrap maps "{\"foo\": 1}" &&
	says mapped "\"type\":\"com.amazonaws.lambda.invoke\"" &&
	SLSEVENTS=wrap maps "{\"foo\": 1}" --events raw &&
	same "{\"foo\":1}" "$(cat mapped)" &&
	maps "$(cat "$tests/events/sqs.json")" --events "raw, batch" &&
	same_json "$(cat "$tests/events/sqs.json")" mapped
'

check 'batch is one line with the array' '
	SLSEVENTS=batch maps "$(cat "$tests/events/sqs.json")" &&
	same 1 "$(wc -l <mapped)" &&
	same "[{" "$(head -c 2 mapped)"
'

check 'unwrap delivers the CloudEvent that is carried' '
	maps "[{\"eventSource\":\"aws:sqs\",\"messageId\":\"m\",\"body\":\"{\\\"specversion\\\":\\\"1.0\\\",\\\"id\\\":\\\"1\\\",\\\"source\\\":\\\"/s\\\",\\\"type\\\":\\\"t\\\"}\"}]" \
		--events unwrap &&
	same_json "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}" mapped
'

check 'the request id and the ARN may be given' '
	maps 1 --events wrap --request-id r-1 --function-arn arn:aws:lambda:eu-west-1:1:function:f &&
	says mapped "\"id\":\"r-1\"" &&
	says mapped "\"source\":\"arn:aws:lambda:eu-west-1:1:function:f\""
'

check 'an event that is not what it should be is passed on with a warning, which does not quote it' '
	maps "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"body\":\"sEcReT\"}, 5]}" &&
	test -s mapped &&
	says report "open-runtime: event of kind" &&
	fails_to grep sEcReT report
'

check 'what is no JSON, and a mode that there is not, are usage' '
	ends_with 2 maps "{" &&
	says report "cannot use stdin as the event" &&
	ends_with 2 maps 1 --events nonsense &&
	says report "SLSEVENTS" &&
	same "" "$(cat mapped)"
'

finish
