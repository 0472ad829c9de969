#!/bin/sh
description='the quick start: both services are deployed to a mock of AWS'
. ./lib/lib.sh
. ./package/deploy/lib.sh

# sls_in FOLDER COMMAND…: runs osls in that folder.
sls_in() (
	cd "services/$1" && shift && osls "$@"
)

# template FOLDER PYTHON-EXPRESSION: prints the expression's value for the resources of the packaged template.
template() {
	python -c "
import json
resources = json.load(open('services/$1/.serverless/cloudformation-template-update-stack.json'))['Resources']
print($2)"
}

# layers_of_mock: prints a line for each layer of the mock: its size and SHA-256.
layers_of_mock() {
	python -c '
import base64, boto3
aws = boto3.client("lambda")
for layer in aws.list_layers()["Layers"]:
    content = aws.get_layer_version(LayerName=layer["LayerName"], VersionNumber=1)["Content"]
    print(content["CodeSize"], base64.b64decode(content["CodeSha256"]).hex())'
}

# zip_line ZIP: prints the same line for a file.
zip_line() {
	echo "$(wc -c <"$1") $(sha256sum "$1" | cut -d " " -f 1)"
}

needs npm
fetch 'osls, moto and cfn-lint' fetch_tools

check 'sls deploy uploads layers with the bytes of the zips, and the example uses them' '
	copy_services &&
	start_mock &&
	sls_in . deploy &&
	sls_in example deploy &&
	layers_of_mock >layers &&
	says layers "$(zip_line "$repository/dist/open-runtime-x86_64.zip")" &&
	says layers "$(zip_line "$repository/dist/open-runtime-arm64.zip")" &&
	same "[\"arn:aws:lambda:us-east-1:123456789012:layer:open-runtime\", \"PoliteLambdaLayer\"]" "$(
		template example "json.dumps([resources[\"HelloLambdaFunction\"][\"Properties\"][\"Layers\"][0].split(\"-dev-\")[0],
			resources[\"HelloLambdaFunction\"][\"Properties\"][\"Layers\"][1][\"Ref\"]])"
	)" &&
	sls_in example remove &&
	sls_in . remove
'

check 'the example can be packaged with the ARN of an existing layer' '
	copy_services &&
	start_mock &&
	export OPEN_RUNTIME_LAYER=arn:aws:lambda:us-east-1:123456789012:layer:open-runtime-arm64:7 &&
	sls_in example package &&
	same "handler.js python/asgi.py python/handler.py python/streaming.py" "$(python -c "
import zipfile
print(*sorted(zipfile.ZipFile(\"services/example/.serverless/open-runtime-example.zip\").namelist()))")" &&
	same "middlewares/polite -rwxr-xr-x" "$(python -c "
import stat, zipfile
print(*(each.filename + \" \" + stat.filemode(each.external_attr >> 16)
	for each in zipfile.ZipFile(\"services/example/.serverless/polite.zip\").infolist()))")" &&
	same "$OPEN_RUNTIME_LAYER arm64 /opt/open-runtime polite" "$(template example "*(lambda function: (
		function[\"Layers\"][0], function[\"Architectures\"][0],
		function[\"Environment\"][\"Variables\"][\"AWS_LAMBDA_EXEC_WRAPPER\"],
		function[\"Environment\"][\"Variables\"][\"SLSMIDDLEWARES\"]))(resources[\"HelloPythonLambdaFunction\"][\"Properties\"])" |
		tr -d "(),'\''")"
'

finish
