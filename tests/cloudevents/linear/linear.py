"""Counts the instructions of mapping hostile events; tests/cloudevents/linear/run starts it. Prints TAP."""

import base64
import json
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

import tap

MAP = sys.argv[1]
MOST_A_BYTE = 1500  # the limit of instructions for each byte of an event
MOST = 2.2  # the limit of the factor for an event of twice the size; constant costs make it less than 2


def b64(data):
    return base64.b64encode(data).decode()


def kafka(headers):
    record = {"topic": "t", "partition": 0, "offset": 1, "timestamp": 1, "value": "MQ==", "headers": headers}
    return {"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:a:1:cluster/c", "records": {"t-0": [record]}}


def ce(names):
    return kafka([{name: list(b"1.0")} for name in ["ce_specversion", "ce_id", "ce_source", "ce_type", *names]])


def http(headers, body="{}"):
    return {"version": "2.0", "rawPath": "/", "headers": headers, "body": body, "requestContext": {"http": {"method": "GET"}, "requestId": "r"}}


def empty_blocks(count):
    """A zlib stream of this many empty blocks of the fixed code: ten bits each."""
    bits = "".join("0" + "10" + "0" * 7 for _ in range(count)) + "1" + "10" + "0" * 7  # the first bit is the lowest
    bits += "0" * (-len(bits) % 8)
    body = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    return b"\x78\x01" + body + zlib.adler32(b"").to_bytes(4, "big")


def own_codes(count):
    """A zlib stream of this many blocks with their own codes and one byte each."""
    pieces = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY)
    text = b"".join(bytes([97 + number % 20]) * 30 + bytes(range(60)) for number in range(count))
    out = b"".join(pieces.compress(text[at : at + 90]) + pieces.flush(zlib.Z_FULL_FLUSH) for at in range(0, len(text), 90))
    return b"\x78\x01" + out + pieces.flush() + zlib.adler32(text).to_bytes(4, "big")


SHAPES = {
    "headers of HTTP that are attributes": (2000, lambda n: http({"ce-specversion": "1.0", **{f"ce-a{i}": "x" for i in range(n)}})),
    "headers of HTTP": (4000, lambda n: http({f"h{i}": "x" for i in range(n)})),
    "headers of Kafka that are attributes": (2000, lambda n: ce([f"ce_a{i}" for i in range(n)])),
    "headers of Kafka of one name": (2000, lambda n: ce(["ce_same"] * n)),
    "headers of Kafka": (2000, lambda n: kafka([{f"h{i}": [120]} for i in range(n)])),
    "records of SQS": (1000, lambda n: {"Records": [{"messageId": str(i), "eventSource": "aws:sqs", "body": "{}"} for i in range(n)]}),
    "records of one shape that differ": (1000, lambda n: {"Records": [{"messageId": str(i), "eventSource": "aws:sqs", f"k{i}": i} for i in range(n)]}),
    "partitions of Kafka": (1000, lambda n: {"eventSource": "aws:kafka", "records": {f"t-{i}": [{"offset": i}] for i in range(n)}}),
    "members": (20000, lambda n: {f"k{i}": i for i in range(n)}),
    "members of one name": (20000, lambda n: "{" + ",".join(['"a":1'] * n) + "}"),
    "levels": (20000, lambda n: "[" * n + "]" * n),
    "escapes": (50000, lambda n: http({}, '"\\' * n)),
    "a CloudEvent with extensions": (4000, lambda n: {"specversion": "1.0", "id": "1", "source": "/", "type": "t", **{f"a{i}": "x" for i in range(n)}}),
    "a list of CloudEvents": (1000, lambda n: [{"specversion": "1.0", "id": str(i), "source": "/", "type": "t"} for i in range(n)]),
    "base64": (100000, lambda n: {**kafka([]), "records": {"t-0": [{"topic": "t", "value": b64(b"x" * n)}]}}),
    "empty blocks of gzip": (4000, lambda n: {"awslogs": {"data": b64(empty_blocks(n))}}),
    "blocks of gzip with codes of their own": (500, lambda n: {"awslogs": {"data": b64(own_codes(n))}}),
}


def instructions(text, folder):
    file = Path(folder) / "event.json"
    file.write_text(text)
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", MAP, "--unwrap", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1))


def main():
    tap.plan(len(SHAPES))
    with tempfile.TemporaryDirectory() as folder:
        start = instructions("1", folder)
        for name, (size, make) in SHAPES.items():
            events = [make(times * size) for times in (1, 2)]
            texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
            once, twice = (instructions(text, folder) - start for text in texts)
            a_byte = twice / len(texts[1])
            cost = f"{size}: {once} instructions; twice: {twice / once:.2f} times, {a_byte:.0f} a byte"
            is_linear = twice <= MOST * once and a_byte <= MOST_A_BYTE
            title = f"twice as many {name} cost at most {MOST} times as much"
            tap.report(title, [] if is_linear else [cost], [cost] if is_linear else [])
    tap.finish()


main()
