#!/bin/sh
description='open-runtime event and map: they print sample events, and what the handler would get'
. ./lib/lib.sh

# maps INPUT [OPTION…]: runs open-runtime map with that event. Its stdout is in mapped, its stderr in report.
maps() {
	printf '%s' "$1" >input
	shift
	"$open_runtime" map "$@" <input >mapped 2>report
}

# has_sample KIND: the sample is the one that the mapping is tested with.
has_sample() {
	"$open_runtime" event "$1" >sample &&
		cmp sample "$tests/events/$1.json"
}

# is_mapped KIND: the sample is mapped without a warning, as its kind says.
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

check 'the kinds that the documents list are exactly those with a sample' '
	sed -n "s/^| \`\([a-z0-9-]*\)\` .*/\1/p" "$repository/docs/event-kinds.md" | sort -u >expected &&
	test -s expected &&
	"$open_runtime" event --list | grep -vx unknown >listed &&
	cmp expected listed
'

check '--columns prints a row with five columns for each kind but unknown' '
	"$open_runtime" event --columns >table &&
	"$open_runtime" event --list | grep -vx unknown >listed &&
	cut -f 1 table | sort -u | cmp - listed &&
	fails_to grep -v "^[^	]*	[^	]*	[^	]*	[^	]*	\(event\|record\)$" table &&
	grep -qx "sqs	com.amazonaws.sqs.message	{eventSourceARN}		record" table &&
	grep -qx "cloudwatch-alarm	com.amazonaws.cloudwatch.alarm	{alarmArn}	{alarmData.alarmName}	event" table
'

check 'the samples are the events that the mapping is tested with' '
	for_each_kind has_sample
'

check 'the sample of every kind is mapped without a warning' '
	for_each_kind is_mapped
'

check 'an unknown kind is refused, and the error names the list' '
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

check 'the error for a misspelt kind names the similar one' '
	ends_with 2 "$open_runtime" event sqqs 2>report &&
	says report "did you mean \`sqs\`?"
'

check 'events are printed without white space between tokens, and with unchanged strings' '
	"$open_runtime" event s3 | "$open_runtime" map >mapped &&
	fails_to grep "  " mapped &&
	maps "{ \"a\" : [ 1.50 , \"b \\\\ \\\"  c\" ] }" --events raw &&
	same "{\"a\":[1.50,\"b \\\\ \\\"  c\"]}" "$(cat mapped)"
'

check 'a byte order mark before the event is reported' '
	ends_with 2 maps "$(printf "\357\273\277{}")" &&
	says report "byte order mark"
'

check '--events cloudevents gives the same as the default' '
	maps "$(cat "$tests/events/sqs.json")" --events cloudevents &&
	same 2 "$(wc -l <mapped)" &&
	ends_with 2 maps 1 --events "raw cloudevents" &&
	says report "comma-separated list of cloudevents, raw, wrap"
'

check 'a batch is printed as a line for each record' '
	maps "$(cat "$tests/events/sqs.json")" &&
	same 2 "$(wc -l <mapped)"
'

check 'SLSEVENTS of the environment applies, and --events takes precedence' '
	SLSEVENTS=wrap maps "{\"foo\": 1}" &&
	says mapped "\"type\":\"com.amazonaws.lambda.invoke\"" &&
	SLSEVENTS=wrap maps "{\"foo\": 1}" --events raw &&
	same "{\"foo\":1}" "$(cat mapped)" &&
	maps "$(cat "$tests/events/sqs.json")" --events "raw, batch" &&
	same_json "$(cat "$tests/events/sqs.json")" mapped
'

check '--events batch prints one line with the array' '
	SLSEVENTS=batch maps "$(cat "$tests/events/sqs.json")" &&
	same 1 "$(wc -l <mapped)" &&
	same "[{" "$(head -c 2 mapped)"
'

check '--events unwrap prints the CloudEvent inside the event' '
	inner="{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}" &&
	maps "$(batch sqs "$inner")" --events unwrap &&
	same_json "$inner" mapped
'

check 'options set the request id and the ARN' '
	maps 1 --events wrap --request-id r-1 --function-arn arn:aws:lambda:eu-west-1:1:function:f &&
	says mapped "\"id\":\"r-1\"" &&
	says mapped "\"source\":\"arn:aws:lambda:eu-west-1:1:function:f\""
'

check 'a malformed event is passed on with a warning that does not quote it' '
	maps "$(batch sqs sEcReT | sed "s/]}$/, 5]}/")" &&
	says input ", 5]}" &&
	test -s mapped &&
	says report "open-runtime: event of kind" &&
	fails_to grep sEcReT report
'

check '--json prints one object with the kind, the warning, and what the lines have otherwise' '
	maps "$(cat "$tests/events/sqs.json")" --request-id r --json &&
	same 1 "$(wc -l <mapped)" &&
	mv mapped object &&
	maps "$(cat "$tests/events/sqs.json")" --request-id r &&
	same "sqs None 2" "$(python3 -c "
import json
told = json.load(open(\"object\"))
strip = lambda event: {name: event[name] for name in event if name not in (\"traceparent\", \"time\", \"recordedtime\")}
assert [strip(each) for each in told[\"calls\"]] == [strip(json.loads(line)) for line in open(\"mapped\")]
print(told[\"kind\"], told[\"warning\"], len(told[\"calls\"]))")" &&
	maps "{\"price\": 1.50}" --json &&
	says mapped "[{\"price\":1.50}]" &&
	maps "$(batch sqs x | sed "s/]}$/, 5]}/")" --json &&
	says mapped "\"warning\":\"event of kind" &&
	same "" "$(cat report)"
'

check 'input that is not JSON, and an unknown mode, are usage errors' '
	ends_with 2 maps "{" &&
	says report "cannot use stdin as the event" &&
	ends_with 2 maps 1 --events nonsense &&
	says report "SLSEVENTS" &&
	same "" "$(cat mapped)"
'

finish
