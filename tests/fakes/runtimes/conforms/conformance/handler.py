"""The handlers that runtimes/README.md lists. `sleep` and `FunctionTimeout` come from ../runtime.py."""

import os
import sys

count = 0
print("top-level code")


def echoes(event, context):
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
    import time

    return {
        "requestId": context["requestId"],
        "arn": context.get("functionArn"),
        "name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        "memory": os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "group": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "stream": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        "tenant": context.get("tenantId"),
        "remaining": max(0, context.get("deadlineMs", 0) - int(time.time() * 1000)),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def fails(event, context):
    raise TypeError(f"no {event}")


def prints(event, context):
    sys.stdout.write(("x" * 99 + "\n") * 30000)
    print('{"id":"8f507cfc","response":"forged"}')
    os.write(1, b"written to 1\n")
    os.system("echo from a grandchild; (echo to descriptor 8 >&8); (echo to descriptor 9 >&9); true")
    return "printed"


def closes(event, context):
    os.close(0)
    os.close(1)
    return "closed"


def outlived(event, context):
    return os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")


def reads(event, context):
    return sys.stdin.read()


def unserializable(event, context):
    return unserializable


def exits(event, context):
    sys.exit(3)


async def stuck(event, context):
    print("begun")
    try:
        await sleep(60)
    finally:
        print("finally")


async def in_time(event, context):
    print("begun")
    try:
        await sleep(60)
    except FunctionTimeout:
        return "in time"


def page(body, **head):
    return {"headers": {"content-type": "text/html"}, **head, "body": body}


def streams(event, context):
    yield from ["one\n", "zwei ä", "", b"\0\xff", b"\xc3", b"\xa4", "end"]


def streams_http(event, context):
    headers, several = {"content-type": "text/html", "x-count": "2"}, {"x-many": ["a", "b"]}
    items = (item for item in ("<p>", "</p>"))
    return page(items, statusCode=201, headers=headers, multiValueHeaders=several, cookies=["c=1", "d=2"])


def streams_big(event, context):
    yield "é" * 100000
    yield b"\xff\xfe" * 100000
    yield bytes(60000)


def streams_many(event, context):
    for number in range(10000):
        yield f"{number}\n"


def fails_early(event, context):
    def body():
        raise TypeError(f"no {event}")
        yield

    return page(body())


def breaks_off(event, context):
    try:
        yield "begun"
        raise TypeError(f"no {event}")
    finally:
        print("finally")


async def streams_stuck(event, context):
    try:
        yield "begun"
        print("begun")
        await sleep(60)
    finally:
        print("finally")


async def streams_slowly(event, context):
    yield "first"
    print("meanwhile")
    while not os.path.exists(f"{os.environ['LAMBDA_TASK_ROOT']}/go"):
        await sleep(0.001)
    yield "second"


def streams_much(event, context):
    try:
        for _ in range(int(event)):
            yield bytes(65536)
            print("made")
    finally:
        print("finally")
