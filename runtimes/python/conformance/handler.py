import os
import subprocess
import sys
import time

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


def stuck(event, context):
    print("begun")
    try:
        time.sleep(60)  # here
    except Exception:
        return "swallowed"
    finally:
        print("finally")


def in_time(event, context):
    print("begun")
    try:
        time.sleep(60)
    except BaseException:
        return "in time"


def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.001)


def page(body, **head):
    return {"headers": {"content-type": "text/html"}, **head, "body": body}


def streams(event, context):
    yield from ["one\n", "zwei ä", "", b"\0\xff", b"\xc3", b"\xa4", "end"]


def streams_http(event, context):
    headers = {"content-type": "text/html", "x-count": 2, "x-many": ["a", "b"]}
    return page(iter(["<p>", "</p>"]), statusCode=201, headers=headers, cookies=["c=1", "d=2"])


def streams_no_status(event, context):
    return {"body": iter(["no status"])}


def streams_json(event, context):
    yield {"a": [1, "é"]}
    yield 7


def streams_nothing(event, context):
    return
    yield


def streams_empty_page(event, context):
    return page(iter([]), statusCode=204)


def streams_empty_chunk(event, context):
    def body():
        yield ""
        wait_for("go")

    return page(body())


def streams_bytes_page(event, context):
    return page(iter([b"\xff\0"]))


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


def streams_unserializable(event, context):
    try:
        yield "begun"
        yield float("nan")
    finally:
        print("finally")


def streams_stuck(event, context):
    try:
        yield "begun"
        print("begun")
        time.sleep(60)
    except Exception:
        yield "swallowed"
    finally:
        print("finally")


def streams_slowly(event, context):
    yield "first"
    print("x" * 99, "meanwhile", sep="\n")
    wait_for("go")
    yield "second"


def streams_much(event, context):
    try:
        for _ in range(int(event)):
            yield bytes(65536)
            print("made")
    finally:
        print("finally")
