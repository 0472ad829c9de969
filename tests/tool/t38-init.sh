#!/bin/sh
description='open-runtime init: what it writes runs, is tested and is served as it is'
. ./lib/lib.sh

# interpreter LANGUAGE: prints its command.
interpreter() {
	case $1 in
	nodejs) echo node ;;
	python) echo python3 ;;
	shell) echo sh ;;
	*) echo "$1" ;;
	esac
}

# begin LANGUAGE [OPTION…]: writes a function into the folder hello.
begin() {
	"$open_runtime" init "$1" hello ${2:+"$2" "$3"} >written 2>told
}

for language in nodejs python ruby php perl shell
do
	needs "$(interpreter "$language")"

	check "$language: the handler answers the event" '
		begin $language &&
		"$open_runtime" invoke handler.hello --quiet --task-root hello -f hello/event.json --bootstrap "$bootstrap" >response &&
		same_json "{\"message\":\"Hello, Ada!\"}" response
	'

	check "$language: the function passes its own test, and fails one that expects otherwise" '
		begin $language &&
		cd hello &&
		"$open_runtime" test --bootstrap "$bootstrap" >told 2>said &&
		says told "ok 1" &&
		test ! -s said &&
		sed -i s/Hello,/Goodbye,/ tests/hello.json &&
		ends_with 1 "$open_runtime" test --bootstrap "$bootstrap" >told
	'

	check "$language: serve answers with what the test of the function expects" '
		begin $language &&
		mv hello task &&
		start_again handler.hello &&
		python3 -c "
import json
record = json.load(open(\"task/tests/hello.json\"))
json.dump(record[\"event\"], open(\"event\", \"w\"))
json.dump(record[\"response\"], open(\"expected\", \"w\"))" &&
		invoke @event &&
		same_json @expected response
	'
done

needs

check 'it prints the names of the files that it wrote, and writes no others' '
	for template in serverless sam
	do
		begin python --template $template &&
			(find hello -type f | sort) >found &&
			sort written | diff found - &&
			rm -r hello || return
	done &&
	says written hello/template.yaml
'

check 'README.md has a heading and three lines, and its commands exist' '
	begin python &&
	same 3 "$(grep -c "^- " hello/README.md)" &&
	same 5 "$(wc -l <hello/README.md)" &&
	says hello/README.md "# hello" &&
	grep -o "open-runtime [a-z]*" hello/README.md | while read -r _ command
	do
		"$open_runtime" "$command" --help >/dev/null || exit 1
	done
'

check 'a file that is there is not overwritten: nothing is written, and the error names it' '
	mkdir -p hello/tests &&
	for file in handler.py event.json tests/hello.json serverless.yml README.md
	do
		echo mine >hello/$file &&
			ends_with 2 begin python &&
			says told "hello/$file" &&
			same mine "$(cat hello/$file)" &&
			same 1 "$(find hello -type f | wc -l)" &&
			rm hello/$file || return
	done
'

check 'a link that leads nowhere is not written through' '
	mkdir hello &&
	ln -s "$work/elsewhere" hello/handler.py &&
	ends_with 2 begin python &&
	fails_to test -e elsewhere
'

check 'the folder is the current one by default, and its name is that of the service as CloudFormation takes it' '
	mkdir "2 my_service.v1" && cd "2 my_service.v1" &&
	"$open_runtime" init shell &&
	grep -qx "service: my-service-v1" serverless.yml &&
	test -s handler.sh
'

check 'a misspelt language is refused, and the error names the similar one' '
	ends_with 2 begin pyhton &&
	says told "python" &&
	says told "similar value exists" &&
	fails_to test -e hello
'

check 'layer writes the layer that make has built, for both machines' '
	"$open_runtime" layer arm64 2>told &&
	cmp open-runtime-arm64.zip "$repository/dist/open-runtime-arm64.zip" &&
	says told open-runtime-arm64.zip &&
	"$open_runtime" layer x86_64 --output layer.zip &&
	cmp layer.zip "$repository/dist/open-runtime-x86_64.zip" &&
	same "layer.zip open-runtime-arm64.zip" "$(echo *.zip)" &&
	ends_with 2 "$open_runtime" layer riscv 2>/dev/null
'

check 'without a layer in the package the error says where it was looked for' '
	mkdir bin && cp "$open_runtime" bin &&
	test ! -e /opt/open-runtime-arm64.zip &&
	ends_with 5 bin/open-runtime layer arm64 2>told &&
	says told "$work/share/open-runtime" &&
	fails_to test -e open-runtime-arm64.zip
'

finish
