#!/bin/sh
description='json: what handlers in shell read and make JSON with'
. ./lib/lib.sh

PATH=$repository/dist/$arch/bin:$PATH

# gives STATUS OUTPUT ARGUMENT…: with the file `text` on stdin, json ends with that status and prints that, and only errors say something.
gives() {
	expected_status=$1 expected=$2
	shift 2
	status=0
	actual=$(
		code=0
		json "$@" <text 2>said || code=$?
		echo .
		exit "$code"
	) || status=$?
	actual=${actual%.}
	test "$status:$expected" = 1: || test "$status" -eq 2 || actual=${actual%"$newline"}
	same "$expected_status" "$status" && same "$expected" "$actual" && if test "$status" -eq 2; then test -s said; else test ! -s said; fi
}

text() {
	printf '%s' "$1" >text
}

check 'get follows names, indexes from both ends and JSON Pointers, and the last of several members counts' '
	text "{\"a\":1,\"a\":[{\"b\":\"x\"},{\"b\":\"y\"}],\"c.d\":{\"/~\":2},\"\":3,\"0\":4,\"e\u0041\":5}" &&
	gives 0 x get a.0.b &&
	gives 0 y get a.-1.b &&
	gives 0 x get a.-2.b &&
	gives 1 "" get a.-3 &&
	gives 1 "" get a.2 &&
	gives 1 "" get a.b &&
	gives 1 "" get a.9999999999999999999 &&
	gives 0 2 get /c.d/~1~0 &&
	gives 0 3 get / &&
	gives 0 4 get 0 &&
	gives 0 5 get eA &&
	gives 1 "" get c.d &&
	gives 1 "" get a.0.b.c
'

check 'get prints a text as it is, and anything else as JSON on one line' '
	text "{\"t\":\"a\\\\\\\"\\u00e9\\ud83d\\ude00\\n\\u0041\",\"n\":-1.50e3,\"o\":{\"x\":
	[1,
	2]},\"z\":null,\"f\":false}" &&
	gives 0 "a\\\"é😀
A" get t &&
	gives 0 -1.50e3 get n &&
	gives 0 null get z &&
	gives 0 false get f &&
	gives 0 "{\"x\": 	[1, 	2]}" get o
'

check 'get prints a line for each of several paths, and an empty one for what is not there' '
	text "{\"a\":1,\"b\":\"two\"}" &&
	gives 0 "two
1" get b a &&
	gives 1 "1

two" get a x b &&
	gives 1 "" get x
'

check 'without a path, or with a dot, the whole text is meant' '
	text " [1] " &&
	gives 0 "[1]" get &&
	gives 0 "[1]" get . &&
	gives 0 array type &&
	gives 0 1 length .
'

check 'type tells the six types apart' '
	text "[{},[],\"\",0,true,null,false,-1]" &&
	same "object array string number boolean null boolean number" "$(for index in 0 1 2 3 4 5 6 7; do json type $index <text; done | paste -s -d " " -)"
'

check 'length counts members, elements and characters' '
	text "[{\"a\":1,\"b\":2},[],\"é😀\\n\",{},1]" &&
	gives 0 2 length 0 &&
	gives 0 0 length 1 &&
	gives 0 3 length 2 &&
	gives 0 0 length 3 &&
	gives 2 "" length 4 &&
	same "json: a value of type number has no length" "$(cat said)" &&
	gives 0 5 length
'

check 'keys and each go over what is in an object or in an array, in order' '
	text "{\"o\":{\"b\":\"1 \\n\",\"a\":[1,
2]},\"l\":[\"x\",{}],\"e\":[],\"s\":\"t\"}" &&
	gives 0 "b
a" keys o &&
	gives 0 "\"1 \\n\"
[1, 2]" each o &&
	gives 0 "\"x\"
{}" each l &&
	same "" "$(json each e <text)" &&
	gives 2 "" each s &&
	gives 2 "" keys l &&
	gives 1 "" each x
'

check 'object and array say before the = what the value is' '
	text from-stdin &&
	echo "from a file" >file &&
	echo "[1,
 2]" >file.json &&
	gives 0 "{\"a\":\"x=\\\"y\\\"\",\"n\":3,\"l\":[1, 2],\"\":\"\"}" object "a=x=\"y\"" n:=3 "l:= [1,
2] " = &&
	gives 0 "{\"a\":\"from a file\\n\",\"b\":[1,  2],\"c\":\"from-stdin\"}" object a@=file b:@=file.json c@=- &&
	gives 0 "{\"a\":\"@file\",\"b\":\":=1\",\"c\":\"2\"}" object a=@file b=:=1 c=1 c=2 &&
	gives 0 "[\"a\",null,\":=3\",\"from a file\\n\"]" array =a :=null =:=3 @=file &&
	gives 0 "{}" object &&
	gives 0 "[]" array &&
	gives 2 "" object a &&
	gives 2 "" object a:=x &&
	gives 2 "" object a:= &&
	gives 2 "" object a@=missing &&
	gives 2 "" array a=1 &&
	gives 2 "" array 1
'

check 'quote writes what every parser reads as the same text' '
	printf "a\"\\\\\001\033\177\303\251\360\237\230\200\n/" >text &&
	json quote <text >quoted &&
	python3 -c "import json; assert json.load(open(\"quoted\", encoding=\"utf-8\")) == open(\"text\", encoding=\"utf-8\").read()" &&
	same "\"a b\"" "$(json quote "a b")" &&
	text "" &&
	gives 0 "\"\"" quote &&
	gives 0 "\"\"" quote "" &&
	gives 2 "" quote a b
'

check 'message is the text that a failed function has printed, without what is blank at its end' '
	printf "a \"b\" \377\n \n" >text &&
	gives 0 "\"a \\\"b\\\" �\"" message
'

check 'merge joins objects, the last value counts, and the first place' '
	text "{\"a\":0,\"x\":\"\\u0061\"}" &&
	gives 0 "{\"a\":9,\"b\":3,\"c\":{}}" merge "{\"a\":1,\"b\":2}" "{\"b\":3,\"c\":{},\"a\":8,\"\\u0061\":9}" &&
	gives 0 "{\"a\":1,\"x\":\"\\u0061\"}" merge - "{\"a\":1}" &&
	gives 0 "{}" merge &&
	gives 2 "" merge "[]" &&
	gives 2 "" merge "{"
'

check 'what is no JSON, or not UTF-8, is an error that does not quote it' '
	for bad in "" "{" "{\"secret\":}" "1 2" "[1,]" "nul" "\"secret
\""
	do
		text "$bad"
		gives 2 "" get a || return
		gives 2 "" type || return
	done &&
	printf "\"secret\377\"" >text &&
	gives 2 "" get &&
	gives 2 "" quote &&
	grep -q "not UTF-8" said &&
	! grep -q secret said &&
	gives 2 "" object "a=$(printf "\377")" &&
	gives 2 "" object "$(printf "\377")=a"
'

check 'a wrong command line says where help is, and help is there' '
	text "{}" &&
	gives 2 "" &&
	grep -q "json help" said &&
	gives 2 "" jq . &&
	gives 2 "" type a b &&
	json help | grep -q "^usage: json" &&
	json --help | grep -q "^usage: json"
'

check 'what cannot be written or read ends with status 2 and a reason' '
	text "{}" &&
	ends_with 2 json help >/dev/full 2>said &&
	grep -q "cannot write to stdout: No space" said &&
	ends_with 2 json get <"$work" 2>said &&
	grep -q "cannot read stdin: Is a directory" said
'

check '6 MB, 100,000 members and a depth of 100,000 take less than 2 s' '
	python3 -c "
import json
json.dump({\"Records\": [{\"body\": \"x\" * 60} for _ in range(80000)], \"last\": 1}, open(\"wide\", \"w\"))
json.dump({f\"name{i}\": i for i in range(100000)}, open(\"members\", \"w\"))
open(\"deep\", \"w\").write(\"[\" * 100000 + \"]\" * 100000)" &&
	same 1 "$(timeout 2 json get last <wide)" &&
	same 80000 "$(timeout 2 json each Records <wide | wc -l)" &&
	same 100000 "$(timeout 2 json keys <members | wc -l)" &&
	same 100001 "$(timeout 2 json merge - "{\"new\":1}" <members | timeout 2 json length)" &&
	same 1 "$(timeout 2 json length <deep)"
'

check 'as a child of bootstrap it needs no variable, and looks at none' '
	same "{\"a\":\"b\"}" "$(env -i "$repository/dist/$arch/bin/json" object a=b)" &&
	same 1 "$(echo "[1]" | env -i AWS_LAMBDA_RUNTIME_API=x AWS_LAMBDA_MAX_CONCURRENCY=9 _HANDLER=x "$repository/dist/$arch/bin/json" length)"
'

check 'bootstrap under another name is bootstrap' '
	ln -s "$repository/dist/$arch/bootstrap" jsons &&
	! env -i ./jsons get <&- >out 2>said &&
	grep -q AWS_LAMBDA_RUNTIME_API said
'

finish
