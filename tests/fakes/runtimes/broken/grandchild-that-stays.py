"""Ends what user code has started when it ends itself."""
serve_calls = serve


def serve():
    serve_calls()
    with open("/proc/self/task/%d/children" % os.getpid()) as children:
        for pid in children.read().split():
            os.kill(int(pid), _signal.SIGKILL)
