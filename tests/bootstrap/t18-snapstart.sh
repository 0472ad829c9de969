#!/bin/sh
description='SnapStart: hooks around the snapshot, and new connections after it'
. ./lib/lib.sh
. ./lib/robust.sh

# said_in_order WORDS: the hooks and the handler have run in this order.
said_in_order() {
	same "$1" "$(paste -s -d " " task/said)"
}

# requests: prints the requests of bootstrap in their order, without those of the extension.
requests() {
	sed -n 's,.*"path":"/2018-06-01/runtime/\([^"]*\)".*,\1,p' journal | sed 's,invocation/[^/]*/,invocation/ID/,'
}

# connections: prints how many connections bootstrap has opened.
connections() {
	grep -c '"what":"connection"' journal
}

check 'hooks run before and after the snapshot, and the first invocation comes after them' '
	start_lambda nodejs:snapstart.handler --snapstart &&
	answers 1 1 &&
	said_in_order "before after call" &&
	same "restore/next invocation/next invocation/ID/response" "$(echo $(requests | head -n 3))"
'

check 'after the snapshot every connection is new, that of the extension, too' '
	start_lambda nodejs:snapstart.handler --snapstart &&
	answers 1 1 &&
	same 4 "$(connections)" &&
	same 2 "$(asked extension/event/next)" &&
	same 1 "$(asked extension/register)" &&
	stop_lambda &&
	start_lambda nodejs:snapstart.handler &&
	answers 1 1 &&
	same 2 "$(connections)"
'

check 'without SnapStart there are no hooks, and nothing is asked for' '
	start_lambda nodejs:snapstart.handler &&
	answers 1 1 &&
	said_in_order call &&
	same 0 "$(asked restore/next)"
'

check 'a language runtime without hooks passes a snapshot, and is not called for it' '
	start_lambda echoes --snapstart &&
	answers 1 1 &&
	same 1 "$(asked restore/next)" &&
	stop_lambda &&
	SLSRUNTIME=./kept start_lambda exec:kept --snapstart &&
	answers 1 "{\"call\":1,\"argument\":[\"kept\"],\"event\":1}"
'

check 'SIGTERM comes after a restore, too' '
	start_lambda nodejs:snapstart.handler --snapstart &&
	answers 1 1 &&
	terminate &&
	bootstrap_exits 0
'

# A Runtime API that has been asked for the restore, and never answers.
# shellcheck disable=SC2034 # the body of the check uses it
never_restores='import http.server, sys, time
class Api(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(403)
        self.end_headers()
    def do_GET(self):
        open("asked", "w").close()
        time.sleep(60)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
server.daemon_threads = True
open("port.new", "w").write(str(server.server_address[1]))
__import__("os").rename("port.new", "port")
server.serve_forever()'

check 'SIGTERM ends the wait for the restore' '
	make_task nodejs:snapstart.handler &&
	{
		python3 -c "$never_restores" >api.log 2>&1 &
		at_end "kill $!"
	} &&
	within 10000 test -s port &&
	{
		(cd task && exec env _HANDLER=snapstart.handler AWS_LAMBDA_INITIALIZATION_TYPE=snap-start \
			"AWS_LAMBDA_RUNTIME_API=127.0.0.1:$(cat ../port)" "$bootstrap") >lambda.log 2>&1 &
		waiting=$!
	} &&
	within 10000 test -e asked &&
	kill "$waiting" &&
	wait "$waiting" &&
	said_in_order before
'

check 'a language runtime that exits after the restore is started again, and runs no hook again' '
	start_lambda nodejs:snapstart.handler --snapstart &&
	answers 1 1 &&
	kill -9 "$(pgrep -P "$(bootstrap_pid)")" &&
	answers 2 2 &&
	said_in_order "before after call call"
'

# hook_fails HOOK PATH TYPE: bootstrap reports the hook that fails at that path with that type, and the error is its own.
hook_fails() {
	start_lambda nodejs:snapstart.handler --snapstart --env "FAILS=$1" &&
		bootstrap_exits 1 &&
		same 1 "$(asked "$2")" &&
		grep "runtime/$2" journal | head -n 1 >posted &&
		says posted "\"lambda-runtime-function-error-type\":\"$3\"" &&
		says posted "\\\"errorType\\\":\\\"RangeError\\\",\\\"errorMessage\\\":\\\"$1 has failed\\\"" &&
		logged "$1 has failed"
}

check 'a hook that fails before the snapshot fails Init, as Lambda documents it' '
	hook_fails before init/error Runtime.BeforeSnapshotError &&
	same 0 "$(asked restore/next)"
'

check 'a hook that fails after the restore is reported, as Lambda documents it' '
	hook_fails after restore/error Runtime.AfterRestoreError &&
	said_in_order "before after"
'

check 'a hook that hangs after the restore is ended by its limit' '
	start_lambda nodejs:snapstart.handler --snapstart --env HANGS=1 &&
	within 20000 grep -q "\"what\":\"exit\"" journal &&
	logged "Restore timed out after 10.00 seconds"
'

check 'hooks that AWS'"'"'s package for Python has registered run unchanged' '
	(cd "$tests" && bench/peers awslambdaric) >peers.log 2>&1 &&
	start_lambda python:snapstart.handler --snapstart --env "PYTHONPATH=$repository/.cache/bench/python/client" &&
	answers 1 1 &&
	said_in_order "before after call"
'

check 'they run in the wrapper of a managed runtime, too' '
	(cd "$tests" && bench/peers awslambdaric) >peers.log 2>&1 &&
	start_lambda python:snapstart.handler --snapstart --managed=python3.13 --env "PYTHONPATH=$repository/.cache/bench/python/client" &&
	answers 1 1 &&
	said_in_order "before after call"
'

# aws HOOK: AWS'"'"'s client for Python in place of bootstrap.
aws() {
	(cd "$tests" && bench/peers awslambdaric) >peers.log 2>&1 &&
		printf "#!/bin/sh\nexec /usr/bin/python3 -m awslambdaric snapstart.handler\n" >aws &&
		chmod +x aws &&
		bootstrap=$work/aws &&
		start_lambda python:snapstart.handler --snapstart --env "PYTHONPATH=$repository/.cache/bench/python/client" --env "FAILS=$1"
}

check 'open-runtime plays the snapshot for AWS'"'"'s client for Python' '
	aws none &&
	answers 1 1 &&
	said_in_order "before after call" &&
	same "restore/next invocation/next invocation/ID/response" "$(echo $(requests | head -n 3))"
'

check 'open-runtime takes an error of each hook from AWS'"'"'s client for Python' '
	aws before &&
	bootstrap_exits 64 &&
	says journal "Runtime.BeforeSnapshotError" &&
	stop_lambda &&
	rm -f task/said &&
	aws after &&
	bootstrap_exits 65 &&
	says journal "Runtime.AfterRestoreError"
'

finish
