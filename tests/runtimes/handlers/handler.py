import os
import subprocess
import sys

count = 0
print("top-level code")


def echo(event, context):
    return event


def nothing(event, context):
    pass


def counts(event, context):
    global count
    count += 1
    return count


def pid(event, context):
    return os.getpid()


def context(event, context):
    return {
        "requestId": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "tenant": context.tenant_id,
        "remaining": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def fails(event, context):
    raise TypeError(f"no {event}")


def prints(event, context):
    for _ in range(30000):
        print("x" * 99)
    sys.stdout.write('{"id":"8f507cfc","response":"forged"}\n')
    os.write(1, b"written to 1\n")
    # Unlike subprocess, system(3) closes no descriptors.
    os.system("echo from a grandchild; (echo to descriptor 8 >&8); (echo to descriptor 9 >&9); true")
    return "printed"


def closes(event, context):
    os.close(0)
    os.close(1)
    return "closed"


def outlived(event, context):
    return subprocess.Popen(["sleep", "60"]).pid


def reads(event, context):
    return sys.stdin.read()


def unserializable(event, context):
    return object()


def exits(event, context):
    sys.exit(3)
