#!/bin/sh
description='variables of the function: --env-file, --pass-env, --pass-aws-credentials'
. ./lib/lib.sh
. ./lib/robust.sh

# variables_of NAME…: makes a handler that answers with these variables, or null.
variables_of() {
	mkdir -p task &&
		{
			echo 'import os'
			echo 'def get(event, context):'
			printf '    return {name: os.environ.get(name) for name in "%s".split()}\n' "$*"
		} >task/handler.py
}

# once [OPTION…]: invokes that handler.
once() {
	"$open_runtime" invoke handler.get --task-root task --bootstrap "$bootstrap" "$@" >response 2>lambda.log
}

# refused TEXT [OPTION…]: that is a usage error with the text, and shows no value.
refused() {
	refused_text=$1
	shift
	"$open_runtime" invoke handler.get --task-root task --bootstrap "$bootstrap" "$@" >response 2>lambda.log
	same 2 $? &&
		says lambda.log "$refused_text" &&
		fails_to grep s3cr3t lambda.log response
}

# sample: writes a file in which dotenv files of all tools mean the same.
sample() {
	printf '%s\n' '# a comment' '' 'PLAIN=plain' 'export EXPORTED=exported' 'SINGLE='\''a "b" # c'\' \
		'DOUBLE="d e"  # a comment' 'EMPTY=' 'EQUALS=a=b==' 'LINES="one' 'two"' 'COMMENT=value # not part of it' >.env
}

check '--env-file gives the variables of the file, with quotes, comments, export and lines' '
	sample &&
	variables_of PLAIN EXPORTED SINGLE DOUBLE EMPTY EQUALS LINES COMMENT &&
	once --env-file .env &&
	python3 -c "
import json
assert json.load(open(\"response\")) == {
    \"PLAIN\": \"plain\", \"EXPORTED\": \"exported\", \"SINGLE\": \"a \\\"b\\\" # c\", \"DOUBLE\": \"d e\", \"EMPTY\": \"\",
    \"EQUALS\": \"a=b==\", \"LINES\": \"one\\ntwo\", \"COMMENT\": \"value\"}"
'

check 'a shell reads the same from the file' '
	sample &&
	variables_of PLAIN EXPORTED SINGLE DOUBLE EMPTY EQUALS LINES COMMENT &&
	once --env-file .env &&
	set -a &&
	. ./.env &&
	set +a &&
	python3 -c "
import json, os
for name, value in json.load(open(\"response\")).items():
    assert os.environ[name] == value, name"
'

node -e 'process.exit(typeof require("util").parseEnv == "function" ? 0 : 1)' 2>/dev/null || missing='Node.js with util.parseEnv'

check 'the parser of Node.js reads the same from the file, also where the lines end as on Windows' '
	sample &&
	printf "%s\r\n" "BACKTICKS=\`it'\''s \"so\"\`" "  SPACES  =  around  " "DOLLAR=\$HOME/\${PLAIN}" "WINDOWS=\"a\\nb\"" >>.env &&
	names="PLAIN EXPORTED SINGLE DOUBLE EMPTY EQUALS LINES COMMENT BACKTICKS SPACES DOLLAR WINDOWS" &&
	variables_of $names &&
	once --env-file .env &&
	node -e "console.log(JSON.stringify(require(\"util\").parseEnv(require(\"fs\").readFileSync(\".env\", \"utf8\"))))" >expected &&
	python3 -c "
import json
ours, theirs = (json.load(open(name)) for name in (\"response\", \"expected\"))
assert ours == theirs and len(ours) == 12, (ours, theirs)"
'

missing=

check 'a sign # begins a comment after a blank alone' '
	printf "%s\n" "A=a#b" "B=b #c" >.env &&
	variables_of A B &&
	once --env-file .env &&
	same_json "{\"A\":\"a#b\",\"B\":\"b\"}" response
'

check '--env holds before --pass-env, that before --env-file, and of two files the later one' '
	printf "A=1\nB=1\nC=1\nD=1\n" >one.env &&
	printf "B=2\nC=2\nD=2\n" >two.env &&
	variables_of A B C D &&
	export C=3 D=3 &&
	once --pass-env C,D --env D=4 --env-file one.env --env-file two.env &&
	same_json "{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\",\"D\":\"4\"}" response
'

check 'a name alone, in a file or for --env or --pass-env, takes the value of the own environment' '
	export MINE=mine APP_ONE=1 APP_TWO=2 &&
	echo MINE >.env &&
	variables_of MINE APP_ONE APP_TWO &&
	once &&
	same_json "{\"MINE\":null,\"APP_ONE\":null,\"APP_TWO\":null}" response &&
	once --env-file .env --pass-env "APP_*" &&
	same_json "{\"MINE\":\"mine\",\"APP_ONE\":\"1\",\"APP_TWO\":\"2\"}" response
'

check 'errors of a file name it and the line, and hold no value' '
	variables_of A &&
	printf "A=1\n\nB s3cr3t\n" >.env &&
	refused ".env as --env-file: line 3: an = is missing" --env-file .env &&
	printf "A=1\nB=\"s3cr3t\nC=2\n" >.env &&
	refused "line 2: the quote that begins the value is not closed" --env-file .env &&
	echo "NOT_SET_HERE" >.env &&
	refused "line 1: NOT_SET_HERE has no value" --env-file .env &&
	refused "cannot read nowhere.env as --env-file: No such file" --env-file nowhere.env &&
	refused "cannot pass --pass-env NOT_SET_HERE" --pass-env NOT_SET_HERE &&
	refused "cannot set --env" --env =s3cr3t
'

check 'values of a file are in no log, in no journal, and in no list of processes' '
	echo "TOKEN=s3cr3t-of-a-file" >.env &&
	export SECRET_OF_MINE=s3cr3t-of-mine &&
	start_lambda nodejs:handler.sleeps --env-file .env --pass-env SECRET_OF_MINE &&
	is_ready &&
	start_invoking "{\"ms\":1000}" &&
	within 5000 said "what == \"answered\" and requestId" &&
	tr "\0" "\n" <"/proc/$(children)/environ" >given &&
	says given "TOKEN=s3cr3t-of-a-file" &&
	says given "SECRET_OF_MINE=s3cr3t-of-mine" &&
	for pid in "$lambda_pid" "$(bootstrap_pid)" "$(children)"
	do
		tr "\0" " " <"/proc/$pid/cmdline"
	done >processes &&
	says processes .env &&
	has_answer &&
	fails_to grep -a s3cr3t processes journal lambda.log lambda.out
'

check '--pass-aws-credentials gives the keys, and leaves out what is no credential' '
	export AWS_ACCESS_KEY_ID=AKIA AWS_SECRET_ACCESS_KEY=key AWS_SESSION_TOKEN=token AWS_PAGER=less &&
	variables_of AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PAGER &&
	once &&
	same_json "{\"AWS_ACCESS_KEY_ID\":null,\"AWS_SECRET_ACCESS_KEY\":null,\"AWS_SESSION_TOKEN\":null,\"AWS_PAGER\":null}" response &&
	once --pass-aws-credentials &&
	same_json "{\"AWS_ACCESS_KEY_ID\":\"AKIA\",\"AWS_SECRET_ACCESS_KEY\":\"key\",\"AWS_SESSION_TOKEN\":\"token\",\"AWS_PAGER\":null}" response
'

check '--pass-aws-credentials gives a profile, and its region; without credentials it says so' '
	unset AWS_ACCESS_KEY_ID AWS_REGION AWS_DEFAULT_REGION &&
	HOME=$PWD/home &&
	export HOME &&
	variables_of AWS_PROFILE AWS_REGION &&
	refused "there is no profile in ~/.aws" --pass-aws-credentials &&
	mkdir -p home/.aws &&
	printf "[default]\nregion = eu-west-1\n[profile work]\nregion = us-east-2\n" >home/.aws/config &&
	once --pass-aws-credentials &&
	same_json "{\"AWS_PROFILE\":null,\"AWS_REGION\":\"eu-west-1\"}" response &&
	AWS_PROFILE=work once --pass-aws-credentials &&
	same_json "{\"AWS_PROFILE\":\"work\",\"AWS_REGION\":\"us-east-2\"}" response &&
	AWS_PROFILE=work once &&
	same_json "{\"AWS_PROFILE\":null,\"AWS_REGION\":\"us-east-1\"}" response
'

boto3=$(tool/boto3/install) || missing=boto3
export boto3

check 'boto3 in the function finds the credentials that were passed' '
	mkdir task &&
	printf "%s\n" "import boto3" "def get(event, context):" "    session = boto3.Session()" \
		"    return [session.get_credentials().access_key, session.region_name]" >task/handler.py &&
	HOME=$PWD AWS_ACCESS_KEY_ID=AKIA AWS_SECRET_ACCESS_KEY=key AWS_REGION=eu-north-1 once --pass-aws-credentials --timeout 60 \
		--env "PYTHONPATH=$boto3" &&
	same_json "[\"AKIA\",\"eu-north-1\"]" response
'

finish
