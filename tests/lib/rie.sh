# shellcheck shell=sh
# AWS's own Runtime Interface Emulator, for tests that use it. Sourced after lib.sh.

rie=${repository:?}/.cache/aws-lambda-rie

# The emulator is in a wheel of aws-sam-cli, 8 MB, which is fetched once from PyPI.
fetch_rie() {
	test ! -x "$rie" || return 0
	wheel_path=samcli/local/rapid/aws-lambda-rie-${arch:?}
	mkdir -p "${scratch:?}/wheel" "${rie%/*}" &&
		python3 -m pip download -q --no-deps --require-hashes -r "${tests:?}/lib/rie.txt" -d "$scratch/wheel" &&
		python3 -m zipfile -e "$scratch/wheel"/*.whl "$scratch/wheel" &&
		chmod +x "$scratch/wheel/$wheel_path" &&
		mv "$scratch/wheel/$wheel_path" "$rie"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_rie LANGUAGE:HANDLER [NAME=VALUE…]: starts the emulator with these environment variables. By default it binds every
# address. It does not accept port 0, and does not set LAMBDA_TASK_ROOT.
start_rie() {
	make_task "$1" &&
		shift || return
	rie_address=127.0.0.1:$(free_port)
	env -i PATH="$PATH" HOME="$HOME" LAMBDA_TASK_ROOT="${work:?}/task" "OPEN_RUNTIME_TEST=$OPEN_RUNTIME_TEST" "$@" \
		"$rie" --runtime-interface-emulator-address "$rie_address" --runtime-api-address "127.0.0.1:$(free_port)" \
		"${bootstrap:?}" "${handler:?}" >lambda.log 2>&1 &
	rie_pid=$!
	at_end stop_rie
	lambda_url=http://$rie_address
	within 10000 curl -s -o /dev/null "$lambda_url"
}

# may_mount: this machine allows a mount namespace, which start_instance needs.
may_mount() {
	unshare -m true
}

# start_instance FAKE [NAME=VALUE…]: the same with a fake language runtime, in the emulator's mode for Managed Instances, with one
# invocation at a time. That mode insists on /opt/bootstrap and /var/task, and runs bootstrap as another user.
start_instance() {
	instance_fake=$1
	shift
	mkdir -p task &&
		cp "$tests/fakes/runtimes/$instance_fake" task &&
		chmod 777 task || return
	rie_address=127.0.0.1:$(free_port)
	env -i PATH=/usr/bin:/bin LAMBDA_TASK_ROOT=/var/task "SLSRUNTIME=/var/task/$instance_fake" AWS_LAMBDA_MAX_CONCURRENCY=1 \
		"OPEN_RUNTIME_TEST=$OPEN_RUNTIME_TEST" "$@" unshare -m sh -euc "$in_var_task" sh "${bootstrap%/*}" "$PWD/task" \
		"$rie" --runtime-interface-emulator-address "$rie_address" --runtime-api-address "127.0.0.1:$(free_port)" \
		/opt/bootstrap fake.handler >lambda.log 2>&1 &
	rie_pid=$!
	at_end stop_rie
	lambda_url=http://$rie_address
	within 10000 curl -s -o /dev/null "$lambda_url"
}

# The arguments are the folder of bootstrap, the task, and a command.
# shellcheck disable=SC2016
in_var_task='
	mount --make-rprivate /
	mount --bind "$1" /opt
	mount -t tmpfs tmpfs /var
	mkdir -p /var/task /var/runtime /var/tmp
	mount --bind "$2" /var/task
	shift 2
	exec "$@"
'

stop_rie() {
	test -n "$rie_pid" || return 0
	kill -TERM "$rie_pid" 2>/dev/null
	wait "$rie_pid"
}
