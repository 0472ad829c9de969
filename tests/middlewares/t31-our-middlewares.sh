#!/bin/sh
description='the bundled middlewares: log-duration, require-api-key, cors, redact'
. ./lib/lib.sh

ours=$repository/middlewares
python=$(python3 -c 'import sys; print(sys.executable)')
PATH=${python%/*}:$PATH # hooks find the interpreter itself, without a slow shim

# hook NAME HOOK INPUT [OPTION…]: runs one hook as bootstrap does. Its output is in output, and the report of the run in report. If
# the middleware can be resident, that form must do the same.
hook() {
	hook_of=$1
	hook_name=$2
	printf '%s\n' "$3" >input
	shift 3
	mkdir -p processes &&
		ln -sf "$ours/$hook_of" processes || exit
	run_hook "processes/$hook_of" output report "$@"
	set -- $? "$@"
	test ! -e "$ours/$hook_of.d/serve" || is_the_same_when_resident "$@" || exit
	return "$1"
}

# run_hook PATH OUTPUT REPORT [OPTION…]
run_hook() {
	run_path=$1
	run_output=$2
	run_report=$3
	shift 3
	"$open_runtime" middleware "$run_path" "$hook_name" --env "TMPDIR=$work" "$@" <input >"$run_output" 2>"$run_report"
}

# is_the_same_when_resident STATUS [OPTION…]: the resident form ends with that status, too, and has the same output.
is_the_same_when_resident() {
	same_status=$1
	shift
	ends_with "$same_status" run_hook "$ours/$hook_of" resident.output resident.report "$@" &&
		cmp output resident.output &&
		same "$(grep -c "status    99" report)" "$(grep -c "answered  a response of" resident.report)" && return
	cat report resident.report
	return 1
}

# prints JSON: the latest hook kept the contract and printed this JSON.
prints() {
	says report 'contract  met' &&
		same_json "$1" output
}

prints_nothing() {
	says report 'contract  met' &&
		same '' "$(cat output)"
}

# with CHAIN RUNTIME [OPTION…]: starts a Lambda with bundled middlewares. If form is process, none is resident.
form=
with() {
	chain=$1
	with_runtime=$2
	shift 2
	mkdir -p task/middlewares &&
		cp -RP "$ours/." task/middlewares &&
		case $form in process) rm -r task/middlewares/*.d ;; esac &&
		start_lambda "$with_runtime" --env "SLSMIDDLEWARES=$chain" --env "TMPDIR=$work" "$@"
}

# from_readme LANGUAGE: prints the README's example in that language.
from_readme() {
	awk -v begin="\`\`\`$1" '$0 == "```" { inside = 0 } inside; $0 == begin { inside = 1 }' "$ours/README.md"
}

# is_metric HOOK MS: the last line of the log that is not from bootstrap is a metric of that hook in CloudWatch's format, of at
# least this many ms.
is_metric() {
	grep -v "	ERROR	" lambda.log | tail -n 1 | python3 "$tests/middlewares/checks/metric.py" "$1" "$(header x-amzn-requestid)" "$2"
}

# sample SOURCE: prints an HTTP request in the form of that source, with the header x-api-key.
sample() {
	case $1 in
	rest)
		echo '{"httpMethod":"GET","headers":{"X-API-Key":"KEY"},"multiValueHeaders":{"X-API-Key":["KEY"]}}'
		;;
	http)
		echo '{"version":"2.0","headers":{"x-api-key":"KEY"},"requestContext":{"http":{"method":"GET"}}}'
		;;
	url)
		echo '{"version":"2.0","headers":{"x-api-key":"KEY"},"requestContext":{"domainName":"u.lambda-url.eu-west-1.on.aws"}}'
		;;
	alb)
		echo '{"requestContext":{"elb":{}},"httpMethod":"GET","headers":{"x-api-key":"KEY"}}'
		;;
	alb-multi)
		echo '{"requestContext":{"elb":{}},"httpMethod":"GET","multiValueHeaders":{"x-api-key":["KEY"]}}'
		;;
	esac
}

# event SOURCE: prints the same request as a CloudEvent.
event() {
	printf '{"specversion":"1.0","type":"t","source":"s","id":"i","data":%s}\n' "$(sample "$1")"
}

is_unauthorized() {
	says report 'status    99' &&
		case $source in
		alb-multi)
			prints '{"statusCode":401,"multiValueHeaders":{"www-authenticate":["ApiKey"]},"body":"","isBase64Encoded":false}'
			;;
		*)
			prints '{"statusCode":401,"headers":{"www-authenticate":"ApiKey"},"body":"","isBase64Encoded":false}'
			;;
		esac
}

is_answered() {
	says report 'status    99' &&
		case $source in
		alb-multi)
			prints '{"statusCode":204,"isBase64Encoded":false,"multiValueHeaders":{
				"access-control-allow-origin":["*"],"access-control-allow-methods":["PUT"]}}'
			;;
		*)
			prints '{"statusCode":204,"isBase64Encoded":false,"headers":{
				"access-control-allow-origin":"*","access-control-allow-methods":"PUT"}}'
			;;
		esac
}

for name in log-duration require-api-key cors redact trace-http
do
	check "$name has less than 60 lines" '
		test "$(wc -l <"$ours/$name")" -lt 60
	'

	check "$name ignores an unknown hook" '
		echo 1 | API_KEYS=key SLSREQUESTID=id TMPDIR=$work "$ours/$name" during >output &&
		same "" "$(cat output)" &&
		same "output" "$(ls)"
	'
done

for name in log-duration require-api-key cors redact
do
	for hook in before after error during
	do
		check "$name reads all of its input in $hook, so that overlap is safe" '
			{ printf "{\"a\":\"" && head -c 3000000 /dev/zero | tr "\0" x && printf "\"}" && : >all-read; } |
				API_KEYS=key SLSREQUESTID=id TMPDIR=$work "$ours/$name" $hook >output &&
			same "" "$(cat output)" &&
			test -e all-read
		'
	done
done

check 'the README'\''s middleware has five lines, and logs the bytes of events and responses' '
	mkdir -p task/middlewares &&
	from_readme sh >task/middlewares/log-size &&
	chmod +x task/middlewares/log-size &&
	same 5 "$(wc -l <task/middlewares/log-size)" &&
	with log-size echoes --quiet &&
	answers "{\"foo\": \"bar\"}" "{\"foo\":\"bar\"}" &&
	same "$(header x-amzn-requestid): 15 bytes in before
$(header x-amzn-requestid): 15 bytes in after" "$(cat lambda.log)"
'

check 'log-duration: each invocation has one metric, of at least the duration of the handler' '
	with log-duration ../middlewares/language-runtimes/takes-100-ms --quiet &&
	answers "{}" "{}" &&
	is_metric after 100 &&
	answers "{}" "{}" &&
	is_metric after 100 &&
	same 2 "$(wc -l <lambda.log)"
'

check 'log-duration: a failed invocation has one metric' '
	with log-duration ../middlewares/language-runtimes/fails --quiet --env METRICS_NAMESPACE=OpenRuntime &&
	fails_with Boom "{}" &&
	is_metric error 0
'

check 'log-duration: an invocation that an earlier middleware stopped has no metric' '
	mkdir -p task/middlewares &&
	cp "$tests/fakes/middlewares/fails-in-before" task/middlewares &&
	with fails-in-before,log-duration echoes --quiet &&
	fails_with Function.MiddlewareFailed "{}" &&
	same "" "$(grep -v "	ERROR	" lambda.log)"
'

check 'log-duration: no file is left in the folder for temporary files' '
	with log-duration ../middlewares/language-runtimes/fails --quiet &&
	fails_with Boom "{}" &&
	fails_to ls log-duration-*
'

needs python3

for source in rest http url alb alb-multi
do
	check "require-api-key: the right key is accepted, from $source, raw or as a CloudEvent" '
		hook require-api-key before "$(sample $source | sed s/KEY/key/g)" --env API_KEYS=old,key &&
		prints_nothing &&
		hook require-api-key before "$(event $source | sed s/KEY/old/g)" --env "API_KEYS=old, key" &&
		prints_nothing
	'

	check "require-api-key: a wrong or missing key is answered with 401, from $source, raw or as a CloudEvent" '
		for bad in wrong "" ke keys key,old é \\ud800
		do
			for form in sample event
			do
				hook require-api-key before "$($form $source | sed "s/KEY/$bad/g")" --env API_KEYS=old,key &&
					is_unauthorized || return
			done
		done &&
		hook require-api-key before "$(sample $source | sed s/x-api-key/x-other/Ig)" --env API_KEYS=old,key &&
		is_unauthorized
	'
done

for other in '{"Records":[{"eventSource":"aws:sqs"}]}' '[{"specversion":"1.0","data":{"headers":[]}}]' null 1 '"text"' \
	'{"specversion":"1.0","data":"text"}' '{"specversion":"1.0"}'
do
	check "require-api-key: an event that is not an HTTP request passes: $other" '
		hook require-api-key before "$other" --env API_KEYS=key &&
		prints_nothing
	'
done

check 'require-api-key: every invocation fails if the environment has no key' '
	for keys in "" " , "
	do
		fails_to hook require-api-key before "$(sample http)" --env "API_KEYS=$keys" &&
			says report "API_KEYS" || return
	done
'

check 'require-api-key: every invocation fails with SLSEVENTS=unwrap, which hides headers' '
	fails_to hook require-api-key before "$(sample http)" --env API_KEYS=KEY --env SLSEVENTS=unwrap &&
	says report "without unwrap"
'

check 'redact: members are masked by name, in any case and at any depth' '
	hook redact after "{\"Password\":\"p\",\"a\":[{\"TOKEN\":1,\"b\":\"token\"}],\"secret\":{\"c\":1}}" &&
	prints "{\"Password\":\"[redacted]\",\"a\":[{\"TOKEN\":\"[redacted]\",\"b\":\"token\"}],\"secret\":\"[redacted]\"}"
'

check 'redact: exactly the members that REDACT_MEMBERS names are masked' '
	hook redact after "{\"password\":1,\"iban\":2,\"Name\":3}" --env "REDACT_MEMBERS=name, iban" &&
	prints "{\"password\":1,\"iban\":\"[redacted]\",\"Name\":\"[redacted]\"}"
'

check 'redact: members in the JSON body of an HTTP response are masked' '
	hook redact after "{\"statusCode\":200,\"body\":\"{\\\"token\\\":\\\"t\\\",\\\"n\\\":1}\"}" &&
	same "{\"token\":\"[redacted]\",\"n\":1}" "$(python3 -c "import json; print(json.load(open(\"output\"))[\"body\"])")"
'

check 'redact: texts and numbers that REDACT_PATTERN matches are masked' '
	hook redact after "{\"a\":\"card 4111111111111111.\",\"b\":4111111111111111,\"c\":[\"{\\\"d\\\":4111111111111111}\"]}" \
		--env "REDACT_PATTERN=[0-9]{13,16}" &&
	prints "{\"a\":\"card [redacted].\",\"b\":\"[redacted]\",\"c\":[\"{\\\"d\\\":\\\"[redacted]\\\"}\"]}"
'

check 'redact: members of JSON inside a text are masked: after a byte order mark or words, before other text, cut off, or quoted' '
	python3 -c "
import json, os, subprocess
token, nested, quoted = (json.dumps(each) for each in (
    dict(token=\"hush\"), dict(secret=[\"hush\"]), dict(password=\"a\" + chr(34) + \"hush\")))
texts = [chr(0xFEFF) + token, \"log 5\" + chr(34) + \" long: \" + token, token + token, token[:-3], json.dumps(token),
    \"log: \" + json.dumps(json.dumps(token)), \"[1] \" + nested + \" \" + token, \"x\" + quoted, \"[\" * 100000 + token]
for text in texts:
    for response in (text, {\"body\": text}, {\"body\": json.dumps([text])}):
        run = subprocess.run([\"$ours/redact\", \"after\"], input=json.dumps(response).encode(), stdout=subprocess.PIPE, check=True)
        assert b\"hush\" not in run.stdout and b\"[redacted]\" in run.stdout, (text[-100:], run.stdout[-200:])"
'

check 'redact: no value of a member that occurs twice is left, also if one is masked already' '
	hook redact after "{\"a\":{\"password\":\"hush\",\"password\":\"[redacted]\"}}" &&
	prints "{\"a\":{\"password\":\"[redacted]\"}}" &&
	hook redact after "{\"password\":\"hush\",\"password\":\"[redacted]\"}" &&
	prints "{\"password\":\"[redacted]\"}" &&
	hook redact after "[\"{\\\"password\\\":\\\"hush\\\",\\\"password\\\":\\\"[redacted]\\\"}\"]" &&
	prints "[\"{\\\"password\\\":\\\"[redacted]\\\"}\"]"
'

check 'redact: the time for a text grows linearly with its size' '
	python3 -c "
import json, subprocess
for part in (chr(92), chr(92) + chr(34), \"\\\"password\\\":\", \"\\\"password\\\":\\\"x\", \"[\", chr(123)):
    text = json.dumps(part * 1000000).encode()
    subprocess.run([\"$ours/redact\", \"after\"], input=text, stdout=subprocess.DEVNULL, check=True, timeout=10)"
'

check 'redact: a response with nothing to mask is unchanged, to the last digit' '
	hook redact after "{\"n\":1.10,\"body\":\"{broken\",\"t\":[\"{}\"]}" &&
	prints_nothing
'

needs node

for source in rest http url alb alb-multi
do
	check "cors: a preflight request is answered without the handler, from $source, raw or as a CloudEvent" '
		for form in sample event
		do
			preflight=$($form $source | sed "s/x-api-key\":/Access-Control-Request-Method\":/Ig; s/KEY/PUT/g") &&
				hook cors before "$preflight" &&
				is_answered || return
		done
	'

	check "cors: any other request passes, from $source" '
		hook cors before "$(sample $source)" &&
		prints_nothing
	'
done

check 'cors: a preflight request may ask for headers' '
	hook cors before "{\"headers\":{\"access-control-request-method\":\"PUT\",\"Access-Control-Request-Headers\":\"a,b\"}}" \
		--env CORS_ORIGIN=https://example.com --env CORS_CREDENTIALS=true &&
	prints "{\"statusCode\":204,\"isBase64Encoded\":false,\"headers\":{\"access-control-allow-origin\":\"https://example.com\",
		\"access-control-allow-credentials\":\"true\",\"access-control-allow-methods\":\"PUT\",\"access-control-allow-headers\":\"a,b\"}}"
'

check 'cors: a response gets the headers in the form that its other headers have' '
	hook cors after "{\"statusCode\":200,\"headers\":{\"a\":\"b\"},\"body\":\"\"}" --env CORS_ORIGIN=https://example.com &&
	prints "{\"statusCode\":200,\"headers\":{\"a\":\"b\",\"access-control-allow-origin\":\"https://example.com\"},\"body\":\"\"}" &&
	hook cors after "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":[\"b\",\"c\"]}}" &&
	prints "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":[\"b\",\"c\"],\"access-control-allow-origin\":[\"*\"]}}" &&
	hook cors after "{\"statusCode\":200}" &&
	prints "{\"statusCode\":200,\"headers\":{\"access-control-allow-origin\":\"*\"}}"
'

check 'cors: a header that the handler set is kept, in any case' '
	hook cors after "{\"statusCode\":200,\"headers\":{\"Access-Control-Allow-Origin\":\"https://example.com\"}}" &&
	prints "{\"statusCode\":200,\"headers\":{\"Access-Control-Allow-Origin\":\"https://example.com\"}}"
'

for response in null 1 '"text"' '[]' '{"batchItemFailures":[]}'
do
	check "cors: a response that is not an HTTP response is unchanged: $response" '
		hook cors after "$response" &&
		prints_nothing
	'
done

check 'cors works in a folder whose package.json says type: module' '
	cp "$ours/cors" . &&
	echo "{\"type\":\"module\"}" >package.json &&
	echo "{\"statusCode\":200}" | ./cors after >output &&
	same_json "{\"statusCode\":200,\"headers\":{\"access-control-allow-origin\":\"*\"}}" output
'

needs node

for overlap in off on
do
	for form in process resident
	do
		check "overlap $overlap, $form: all of them in one chain, and a refusal has the headers that pages need" '
			with log-duration,cors,require-api-key,redact echoes --quiet --timeout 20 --env SLSOVERLAP=$overlap \
				--env API_KEYS=key --env SLSEVENTS=raw &&
			answers "{\"statusCode\":200,\"headers\":{\"x-api-key\":\"key\"},\"token\":1}" "{\"statusCode\":200,
				\"headers\":{\"x-api-key\":\"key\",\"access-control-allow-origin\":\"*\"},\"token\":\"[redacted]\"}" &&
			is_metric after 0 &&
			answers "{\"headers\":{}}" "{\"statusCode\":401,\"body\":\"\",\"isBase64Encoded\":false,
				\"headers\":{\"www-authenticate\":\"ApiKey\",\"access-control-allow-origin\":\"*\"}}" &&
			is_metric after 0 &&
			answers "{\"headers\":{\"access-control-request-method\":\"PUT\"}}" "{\"statusCode\":204,\"isBase64Encoded\":false,
				\"headers\":{\"access-control-allow-origin\":\"*\",\"access-control-allow-methods\":\"PUT\"}}" &&
			is_metric after 0 &&
			same 3 "$(wc -l <lambda.log)" &&
			same "$(test $form = resident && echo 4 || echo 1)" "$(pgrep -P "$(bootstrap_pid)" | wc -l)"
		'
	done
done

check 'one that is resident takes 5.5 MB, and a text with any character' '
	for name in cors redact
	do
		{ printf "{\"statusCode\":200,\"token\":1,\"a\":\"\342\200\250\303\251\\\\ud800\",\"body\":\"" &&
			head -c 5500000 /dev/zero | tr "\0" x && printf "\"}"; } >event &&
			hook_of=$name hook_name=after &&
			cp event input &&
			run_hook "$ours/$name" output report &&
			test "$(wc -c <output)" -gt 5500000 || return
	done
'

finish
