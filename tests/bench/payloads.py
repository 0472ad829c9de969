"""The events: free-form JSON of four sizes, and events of AWS as they come."""
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "events"

# Large events are large because of a text, such as the base64 of a file.
TEXT = "QmV0d2VlbiBteSBmaW5nZXIgYW5kIG15IHRodW1iIHRoZSBzcXVhdCBwZW4gcmVzdHMuIEkgZGln"


def free_form(size):
    """An object of exactly this many bytes, most of them in one text."""
    head, tail = '{"name":"Ada","text":"', '"}'
    room = size - len(head) - len(tail)
    return head + (TEXT * (room // len(TEXT) + 1))[:room] + tail


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def sqs(count):
    record = sample("sqs")["Records"][0]
    return {"Records": [{**record, "messageId": f"2e1424d4-f796-459a-8184-{number:012d}"} for number in range(count)]}


def api_gateway(size):
    """An event of API Gateway with a body of JSON, of about this many bytes."""
    event = {**sample("apigw-http-v2"), "body": ""}
    room = size - len(compact(event))
    items = []
    while len(compact(compact({"items": items}))) < room - 45:
        items.append({"id": len(items), "name": "some value here"})
    return {**event, "body": compact({"items": items})}


def compact(event):
    return json.dumps(event, separators=(",", ":"))


EVENTS = {
    "100B": lambda: free_form(100),
    "10KB": lambda: free_form(10_000),
    "1MB": lambda: free_form(1_000_000),
    "5.5MB": lambda: free_form(5_500_000),
    "sqs": lambda: compact(sqs(10)),
    "apigw": lambda: compact(sample("apigw-http-v2")),
    "s3": lambda: compact(sample("s3")),
    "apigw-2KB": lambda: compact(api_gateway(2000)),
    "sqs-1": lambda: compact(sqs(1)),
}
FREE_FORM = ["100B", "10KB", "1MB", "5.5MB"]


def write(folder):
    """Writes each event into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in EVENTS.items():
        (folder / name).write_text(make())
