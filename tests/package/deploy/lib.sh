# shellcheck shell=sh
# For tests that deploy: deployment tools and a mock of AWS. Sourced after lib.sh.

tools=${repository:?}/.cache/deploy
PATH=$tools/npm/node_modules/.bin:$tools/venv/bin:$PATH
export SLS_TELEMETRY_DISABLED=1 SLS_NOTIFICATIONS_MODE=off CDK_DISABLE_CLI_TELEMETRY=1 NODE_NO_WARNINGS=1
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
unset OPEN_RUNTIME_LAYER

# fetch_tools: installs the tools from npm and PyPI, once. Test files run side by side, so the others wait for the first.
fetch_tools() {
	mkdir -p "$tools" && (
		flock -w 800 9 &&
			"${tests:?}/lib/npm-install" "$tests/package/deploy" "$tools/npm" &&
			fetch_venv "$tests/package/deploy/requirements.txt" "$tools/venv"
	) 9>"$tools/lock"
}

# copy_services: copies what is deployed, and the layers, into the folder services.
copy_services() {
	mkdir -p services/dist &&
		cp "$repository/serverless.yml" services &&
		cp -R "$repository/example" services &&
		rm -rf services/example/cdk/node_modules services/example/cdk/cdk.out &&
		cp "$repository"/dist/open-runtime-x86_64.zip "$repository"/dist/open-runtime-arm64.zip services/dist
}

# start_mock: starts moto's server on a port that the kernel chooses.
start_mock() {
	port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	python "$tests/package/deploy/mock-aws.py" "$port" >mock.log 2>&1 &
	at_end "kill $!; wait $!; true"
	export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
	within 20000 curl -s -o /dev/null "$AWS_ENDPOINT_URL/moto-api/"
}
