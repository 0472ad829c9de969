# shellcheck shell=sh
# A root folder of its own for AWS's emulator and the function, by bubblewrap. Sourced after lib.sh and rie.sh. The folder root has
# the emulator as /rie, and the function in /var/task.

# serve_in_root HANDLER PROGRAM [NAME=VALUE…]: the emulator starts the program in that root. The root is read-only, and the
# user is not root.
serve_in_root() {
	handler=$1 program=$2
	shift 2
	variables=
	for variable in "$@"
	do
		variables="$variables --setenv ${variable%%=*} ${variable#*=}"
	done
	rie_address=127.0.0.1:$(free_port)
	# shellcheck disable=SC2086 # a list of words
	as_user bwrap --unshare-user --unshare-pid --die-with-parent --ro-bind root / --proc /proc --dev /dev --tmpfs /tmp \
		--chdir /var/task --clearenv --setenv OPEN_RUNTIME_TEST "$OPEN_RUNTIME_TEST" --setenv PATH /usr/bin:/bin \
		--setenv LAMBDA_TASK_ROOT /var/task $variables \
		/rie --runtime-interface-emulator-address "$rie_address" --runtime-api-address "127.0.0.1:$(free_port)" \
		"$program" "$handler" >lambda.log 2>&1 &
	rie_pid=$!
	at_end "kill -TERM $rie_pid 2>/dev/null; wait $rie_pid; true"
	lambda_url=http://$rie_address
	within 10000 curl -s -o /dev/null "$lambda_url"
}

# Changes the user if it is root.
as_user() {
	chmod 755 "${scratch:?}" "${work:?}" &&
		if test "$(id -u)" -eq 0
		then
			exec setpriv --reuid 1051 --regid 990 --clear-groups "$@"
		else
			exec "$@"
		fi
}
