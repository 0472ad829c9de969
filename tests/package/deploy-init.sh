#!/bin/sh
description='what open-runtime init writes, as osls and AWS SAM take it'
. ./lib/lib.sh
. ./package/deploy/lib.sh

# begin LANGUAGE TEMPLATE: makes the folder hello, with the layer in it.
begin() {
	rm -rf hello &&
		"$open_runtime" init "$1" hello --template "$2" &&
		(cd hello && "$open_runtime" layer arm64)
}

# packages LANGUAGE FILE: osls packages the function with that file alone, and with the layer.
packages() {
	begin "$1" serverless &&
		(cd hello && osls package >../told 2>&1) &&
		same "$2" "$(python -c "
import zipfile
print(*zipfile.ZipFile('hello/.serverless/hello.zip').namelist())")" &&
		python -c "
import json
resources = json.load(open('hello/.serverless/cloudformation-template-update-stack.json'))['Resources']
function = resources['HelloLambdaFunction']['Properties']
assert [layer['Ref'] for layer in function['Layers']] == ['OpenRuntimeLambdaLayer'], function
print(function['Handler'], function['Runtime'], function['Architectures'][0],
	function.get('Environment', {}).get('Variables', {}).get('AWS_LAMBDA_EXEC_WRAPPER'))" >found
}

needs npm
fetch 'osls and cfn-lint' fetch_tools

check 'osls packages the handler with the layer, on the runtime of AWS or on provided.al2023' '
	start_mock &&
	packages nodejs handler.mjs &&
	same "handler.hello nodejs22.x arm64 /opt/open-runtime" "$(cat found)" &&
	packages python handler.py &&
	same "handler.hello python3.13 arm64 /opt/open-runtime" "$(cat found)" &&
	packages ruby handler.rb &&
	same "handler.hello ruby3.4 arm64 /opt/open-runtime" "$(cat found)" &&
	packages shell handler.sh &&
	same "handler.hello provided.al2023 arm64 None" "$(cat found)"
'

check 'osls deploys a function and its layer to a mock of AWS, and removes both' '
	begin nodejs serverless &&
	start_mock &&
	cd hello &&
	osls deploy &&
	same "handler.hello" "$(python -c "
import boto3
function, = boto3.client(\"lambda\").list_functions()[\"Functions\"]
print(function[\"Handler\"])")" &&
	osls remove
'

# image LANGUAGE: osls knows the function as a container image.
image() {
	begin "$1" serverless &&
		(cd hello && osls print --format json) >printed &&
		python -c "
import json
service = json.load(open('printed'))
assert service['functions']['hello']['image'] == {'name': 'hello', 'command': ['handler.hello']}, service['functions']
assert service['provider']['ecr']['images']['hello']['path'] == '.'"
}

check 'osls reads the functions in PHP and Perl, which are container images' '
	image php &&
	image perl
'

check 'cfn-lint reports nothing about any template for AWS SAM' '
	for language in nodejs python ruby php perl shell
	do
		begin $language sam &&
		cfn-lint hello/template.yaml || return
	done
'

needs bwrap
needs mmdebstrap
needs python3

# image_answers LANGUAGE: the image of the function is built as its Dockerfile says, and its command answers as on Lambda.
image_answers() {
	rm -rf hello root &&
		"$open_runtime" init "$1" hello &&
		(cd hello && "$open_runtime" layer "$arch") &&
		"$tests/package/deploy/dockerfile.py" hello/Dockerfile hello root >image &&
		python3 - <<-'END' &&
			import json, shlex
			image = json.load(open("image"))
			variables = [word for name, value in image["env"].items() for word in ("--setenv", name, value)]
			bwrap = ["bwrap", "--ro-bind", "root", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", image["folder"]]
			command = [*bwrap, "--unsetenv", "_HANDLER", *variables, *image["entrypoint"], *image["cmd"]]
			with open("bootstrap", "w") as file:
			    file.write(f"#!/bin/sh\ncd {shlex.quote(__import__('os').getcwd())}\nexec {shlex.join(command)}\n")
		END
		chmod +x bootstrap &&
		"$open_runtime" invoke any.name --quiet --bootstrap ./bootstrap -f hello/event.json >response &&
		same_json "{\"message\":\"Hello, Ada!\"}" response
}

check 'the images of the functions in PHP and Perl can be built, and answer' '
	image_answers perl &&
	image_answers php
'

finish
