#!/bin/sh
description='the quick start: both services are deployed to a mock of AWS'
. ./lib/lib.sh

tools=$repository/.cache/deploy
PATH=$tools/npm/node_modules/.bin:$tools/venv/bin:$PATH
export SLS_TELEMETRY_DISABLED=1 SLS_NOTIFICATIONS_MODE=off NODE_NO_WARNINGS=1
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
unset OPEN_RUNTIME_LAYER

# fetch_tools: from npm and PyPI, once.
fetch_tools() {
	"$tests/lib/npm-install" "$tests/package/deploy" "$tools/npm" || return
	cmp -s "$tests/package/deploy/requirements.txt" "$tools/installed" || {
		rm -rf "$tools/venv" &&
			python3 -m venv "$tools/venv" &&
			"$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
				--requirement "$tests/package/deploy/requirements.txt" &&
			cp "$tests/package/deploy/requirements.txt" "$tools/installed"
	}
}

# start_mock: moto's server on a port that the kernel chooses, with a copy of both services in the folder services.
start_mock() {
	mkdir -p services/dist &&
		cp "$repository/serverless.yml" services &&
		cp -R "$repository/example" services &&
		cp "$repository"/dist/open-runtime-x86_64.zip "$repository"/dist/open-runtime-arm64.zip services/dist || return
	port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	python "$tests/package/deploy/mock-aws.py" "$port" >mock.log 2>&1 &
	at_end "kill $!; wait $!; true"
	export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
	within 20000 curl -s -o /dev/null "$AWS_ENDPOINT_URL/moto-api/"
}

# sls_in FOLDER COMMAND…: runs osls there.
sls_in() (
	cd "services/$1" && shift && osls "$@"
)

# template FOLDER PYTHON-EXPRESSION: what it is for the resources of the packaged template.
template() {
	python -c "
import json
resources = json.load(open('services/$1/.serverless/cloudformation-template-update-stack.json'))['Resources']
print($2)"
}

# layers_of_mock: a line for each layer: its size and the SHA-256 of its bytes.
layers_of_mock() {
	python -c '
import base64, boto3
aws = boto3.client("lambda")
for layer in aws.list_layers()["Layers"]:
    content = aws.get_layer_version(LayerName=layer["LayerName"], VersionNumber=1)["Content"]
    print(content["CodeSize"], base64.b64decode(content["CodeSha256"]).hex())'
}

# zip_line ZIP: the same of a file.
zip_line() {
	echo "$(wc -c <"$1") $(sha256sum "$1" | cut -d " " -f 1)"
}

needs npm
test -n "$missing" || fetch_tools || missing='osls, moto and cfn-lint'

check 'sls deploy, cd example, sls deploy: the bytes of the layers are those of the zips' '
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

check 'the example packages with the ARN of a layer that is there already' '
	start_mock &&
	export OPEN_RUNTIME_LAYER=arn:aws:lambda:us-east-1:123456789012:layer:open-runtime-arm64:7 &&
	sls_in example package &&
	same "handler.js python/handler.py" "$(python -c "
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

check 'cfn-lint has nothing to say about the template for AWS SAM' '
	cfn-lint "$repository/example/template.yaml"
'

# No container engine is here: the text alone.
check 'the image takes bootstrap and the language runtimes to where Lambda looks for them, from files that are there' '
	dockerfile=$repository/example/Dockerfile &&
	says "$dockerfile" "COPY dist/\${ARCH}/bootstrap \${LAMBDA_RUNTIME_DIR}/bootstrap" &&
	for source in $(sed -n "s/^COPY \([^ ]*\) .*/\1/p" "$dockerfile" | sed "s/\${ARCH}/$arch/")
	do
		test -e "$repository/$source" || return
	done
'

finish
