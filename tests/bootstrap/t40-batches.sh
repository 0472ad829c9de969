#!/bin/sh
description='batches: a call for each record, and an answer that loses none'
. ./lib/lib.sh

# batch SOURCE TEXT…: an event of that source with a record for each text. The names of the records are 1, 2, 3…
batch() {
	python3 - "$@" <<'PYTHON'
import base64, json, sys

source, *texts = sys.argv[1:]


def record(number, text):
    packed = base64.b64encode(text.encode()).decode()
    return {
        "sqs": {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q", "messageId": number, "body": text},
        "fifo": {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q.fifo", "messageId": number, "body": text},
        "kinesis": {"eventSource": "aws:kinesis", "eventSourceARN": "arn:aws:kinesis:us-east-1:1:stream/s", "eventID": f"shardId-0:{number}",
                    "kinesis": {"sequenceNumber": number, "data": packed}},
        "dynamodb": {"eventSource": "aws:dynamodb", "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/t", "eventName": "INSERT",
                     "eventID": number, "dynamodb": {"SequenceNumber": number, "Keys": {"id": {"S": text}}}},
        "kafka": {"topic": "t", "partition": int(number) % 2, "offset": int(number), "value": packed},
    }[source]


records = [record(str(number), text) for number, text in enumerate(texts, 1)]
if source == "kafka":
    lists = {f"t-{partition}": [one for one in records if one["partition"] == partition] for partition in (1, 0)}
    print(json.dumps({"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:us-east-1:1:cluster/c", "records": lists}))
else:
    print(json.dumps({"Records": records}))
PYTHON
}

# names NAME…: the answer is a success that names these records as failed, and no other.
names() {
	expected=
	for name in "$@"
	do
		expected="$expected${expected:+,}{\"itemIdentifier\":$name}"
	done
	succeeded &&
		same_json "{\"batchItemFailures\":[$expected]}" response
}

calls() {
	same "$1" "$(tr '\n' ' ' <task/calls)"
}

start_reporting() {
	start_lambda nodejs:batches.handle --env SLSBATCH=report "$@"
}

# with_middleware NAME: in the function's own folder.
with_middleware() {
	mkdir -p task/middlewares &&
		cp "$tests/fakes/middlewares/$1" task/middlewares
}

check 'messages of a queue: those that failed are named' '
	start_reporting &&
	invoke "$(batch sqs a bad b bad)" &&
	names "\"2\"" "\"4\"" &&
	within 1000 grep -q "RequestId: .* 2 of 4 records are reported as failed$" lambda.log &&
	same 2 "$(grep -c "	ERROR	Record Error 	{\"errorType\":\"Error\",\"errorMessage\":\".*\",\"stack\":\[\".*\"record\":[24]}$" lambda.log)" &&
	invoke "$(batch sqs a b)" &&
	names &&
	same 1 "$(grep -c "are reported" lambda.log)"
'

check 'a message that the handler itself names as failed is named' '
	start_reporting &&
	invoke "$(batch sqs a own)" &&
	names "\"2\"" &&
	invoke "$(batch sqs own)" &&
	names "\"1\""
'

check 'without report it fails the invocation, and is not lost' '
	start_lambda nodejs:batches.handle &&
	fails_with Function.BatchItemFailures "$(batch sqs own)" &&
	fails_with Function.BatchItemFailures "$(batch sqs a own)"
'

check 'a FIFO queue: nothing is begun after the first that failed, and all of that is named' '
	start_reporting &&
	invoke "$(batch fifo a bad c d)" &&
	names "\"2\"" "\"3\"" "\"4\"" &&
	calls "a bad "
'

check 'nor after one that the handler itself names as failed' '
	start_reporting &&
	invoke "$(batch fifo a own c)" &&
	names "\"2\"" "\"3\"" &&
	calls "a own " &&
	rm task/calls &&
	invoke "$(batch sqs a own c)" &&
	names "\"2\"" &&
	same 3 "$(wc -l <task/calls)"
'

check 'streams: the first that failed is the checkpoint, and nothing is begun after it' '
	start_reporting &&
	for source in kinesis dynamodb
	do
		rm -f task/calls
		invoke "$(batch $source a bad c bad)" &&
			names "\"2\"" &&
			calls "a bad " || return
	done
'

check 'Kafka: a record that fails stops its own partition alone, and all that did not succeed are named' '
	start_reporting &&
	rm -f task/calls &&
	invoke "$(batch kafka a b bad d e f)" &&
	names "{\"partition\":\"t-1\",\"offset\":3}" "{\"partition\":\"t-1\",\"offset\":5}" &&
	same 5 "$(wc -w <task/calls)"
'

check 'records that were not reached before the deadline are named, and the next invocation works' '
	start_reporting --timeout 1.5 &&
	for source in sqs fifo
	do
		invoke "$(batch $source a hang)" &&
			names "\"2\"" || return
	done &&
	invoke "$(batch kinesis a hang c)" &&
	names "\"2\"" &&
	invoke "$(batch sqs a)" &&
	names
'

check 'messages are handled together: ten that wait for each other are done' '
	start_reporting &&
	invoke "$(batch sqs meet meet meet meet meet meet meet meet meet meet)" &&
	names
'

check 'a message without a name fails the invocation' '
	start_reporting &&
	fails_with Error "$(batch sqs a bad | sed "s/\"messageId\": \"2\", //")"
'

check 'a stream that a hook has turned round: what it moved behind the failed record comes again' '
	make_task nodejs:batches.handle &&
	with_middleware reverses &&
	start_reporting --env SLSMIDDLEWARES=reverses &&
	invoke "$(batch kinesis a b bad)" &&
	names "\"1\"" &&
	calls "bad "
'

check 'a queue of which a hook took a message away: the right ones are named' '
	make_task nodejs:batches.handle &&
	with_middleware drops-the-first &&
	start_reporting --env SLSMIDDLEWARES=drops-the-first &&
	invoke "$(batch sqs bad bad c)" &&
	names "\"2\"" &&
	invoke "$(batch sqs bad)" &&
	names
'

check 'one call with all: what the handler names is the answer' '
	start_lambda nodejs:batches.all --env SLSEVENTS=batch --env SLSBATCH=report &&
	invoke "$(batch sqs a b)" &&
	names "\"2\""
'

check 'a CloudEvent is an answer to an HTTP request' '
	start_lambda nodejs:batches.respond &&
	invoke "$("$open_runtime" event apigw-http-v2)" &&
	succeeded &&
	same_json "{\"statusCode\":200,\"headers\":{\"ce-specversion\":\"1.0\",\"ce-id\":\"1\",\"ce-source\":\"/s\",\"ce-type\":\"t\",\"content-type\":\"application/json\"},\"body\":\"{\\\"a\\\":1}\",\"isBase64Encoded\":false}" response
'

check 'an empty list of records reaches the handler, and fails nothing' '
	start_lambda echoes &&
	answers "{\"Records\":[]}" "{\"Records\":[]}"
'

finish
