"""Gives the same batches to Powertools' batch processors and to handlers of ours, and compares which records were handled, which
are named in the answer, and which come again. tests/bootstrap/batches/run starts it. Prints TAP.

Powertools gets the batch as AWS sends it, and calls a function for each record. Ours is called with a CloudEvent for each record,
whose `data` is the record, with SLSBATCH=report. Then Powertools runs in a handler of ours, which gets the batch in one call.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

TESTS = Path(__file__).resolve().parents[2]
MACHINE = "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"
TOOL = os.environ.get("OPEN_RUNTIME", TESTS.parent / "dist/open-runtime")
BOOTSTRAP = os.environ.get("BOOTSTRAP", TESTS.parent / "dist" / MACHINE / "bootstrap")
sys.path[:0] = [str(TESTS / "fakes/handlers/python"), str(TESTS / "lib")]
import batches  # noqa: E402
import tap  # noqa: E402
import with_powertools  # noqa: E402

# Which of five records fail.
FAILURES = {"none": "", "the first": "0", "a middle one": "2", "the last": "4", "two": "13", "all but the first": "1234", "all": "01234"}

SCRATCH = tempfile.TemporaryDirectory()


def sample(name):
    return json.loads((TESTS / f"events/{name}.json").read_text())


def records_of(event):
    records = event.get("Records") or event["records"]
    return records if isinstance(records, list) else [record for partition in records.values() for record in partition]


def coded(text):
    return b64encode(text.encode()).decode()


class Source:
    """An event source: its batches, its processor of Powertools, and what is known of both answers."""

    is_ordered = False
    why = "both answers are the same"

    def __init__(self, name):
        self.name = name

    def processor(self, event):
        return with_powertools.processor_of(event)

    def event(self, texts):
        event = sample(self.name)
        event["Records"] = [self.numbered(json.loads(json.dumps(event["Records"][0])), text, 7 + i) for i, text in enumerate(texts)]
        return event

    def numbered(self, record, text, number):
        return {**record, "messageId": f"message-{number}", "body": text}

    def identifier(self, record):
        return record["messageId"]

    def comes_again(self, records, named):
        """What AWS sends again of a batch whose answer names these: here, only those."""
        return [record for record in records if self.identifier(record) in named]

    def expected(self, records, theirs):
        """What ours must have handled, and must name, as Powertools does with the same records."""
        return theirs

    def is_sent_again(self, ours, theirs):
        return ours == theirs


class Fifo(Source):
    is_ordered = True
    why = "both stop at the first failure, and name it and all behind it"

    def numbered(self, record, text, number):
        attributes = {**record["attributes"], "SequenceNumber": str(18849496460467696128 + number), "MessageGroupId": f"g{number % 2}"}
        arn = record["eventSourceARN"] + ".fifo"
        return {**super().numbered(record, text, number), "attributes": attributes, "eventSourceARN": arn}


class FifoByGroup(Fifo):
    """Powertools can go on with the other message groups, if asked to."""

    why = "ours stops all groups at the first failure, as AWS's page says, where Powertools is asked to stop its group alone"

    def processor(self, event):
        return SqsFifoPartialProcessor(skip_group_on_error=True)

    def expected(self, records, theirs):
        first = next((i for i, record in enumerate(records) if self.identifier(record) in theirs.named), len(records))
        return Outcome(texts(records[: first + 1]), [self.identifier(record) for record in records[first:]])

    def is_sent_again(self, ours, theirs):
        return all(record in ours for record in theirs)


class Stream(Source):
    """Kinesis and DynamoDB."""

    is_ordered = True
    why = "ours stops at the first failure, which is the checkpoint: AWS sends all from it on again, so what Powertools handles behind it is handled twice"

    def comes_again(self, records, named):
        first = next((i for i, record in enumerate(records) if self.identifier(record) in named), len(records))
        return records[first:]

    def expected(self, records, theirs):
        return Outcome(until_failure(theirs.handled), theirs.named[:1])


class Kinesis(Stream):
    def numbered(self, record, text, number):
        kinesis = {**record["kinesis"], "sequenceNumber": str(10**55 + number), "data": coded(text)}
        return {**record, "kinesis": kinesis}

    def identifier(self, record):
        return record["kinesis"]["sequenceNumber"]


class DynamoDb(Stream):
    def numbered(self, record, text, number):
        dynamodb = {**record["dynamodb"], "SequenceNumber": str(10**20 + number), "Keys": {"id": {"S": text}}}
        return {**record, "dynamodb": dynamodb}

    def identifier(self, record):
        return record["dynamodb"]["SequenceNumber"]


class Kafka(Source):
    why = (
        "ours stops a partition at its first failure, to keep its order, and names what it did not try: AWS sends only the named "
        "ones again; Powertools handles all of the partition"
    )

    def event(self, texts):
        event = sample(self.name)
        record = records_of(event)[0]
        event["records"] = {"readings-0": [], "readings-1": []}
        for number, text in enumerate(texts):
            partition = 0 if number < 3 else 1
            event["records"][f"readings-{partition}"].append({**record, "partition": partition, "offset": 15 + number, "value": coded(text)})
        return event

    def identifier(self, record):
        return {"partition": f"{record['topic']}-{record['partition']}", "offset": record["offset"]}

    def expected(self, records, theirs):
        handled, named = [], []
        for partition in (0, 1):
            of_it = [record for record in records if record["partition"] == partition]
            first = next((i for i, record in enumerate(of_it) if self.identifier(record) in theirs.named), len(of_it))
            handled += texts(of_it[: first + 1])
            named += [self.identifier(record) for record in of_it[first:]]
        return Outcome(handled, named)

    def is_sent_again(self, ours, theirs):
        return all(record in ours for record in theirs)


SOURCES = {
    "an SQS queue": Source("sqs"),
    "an SQS FIFO queue": Fifo("sqs"),
    "an SQS FIFO queue, by message group": FifoByGroup("sqs"),
    "a Kinesis stream": Kinesis("kinesis"),
    "a DynamoDB stream": DynamoDb("dynamodb"),
    "Amazon MSK": Kafka("msk"),
    "Kafka": Kafka("self-managed-kafka"),
}


class Outcome:
    """What was handled, as texts, and what the answer names."""

    def __init__(self, handled, named):
        self.handled = handled
        self.named = named

    def __repr__(self):
        return f"handled {self.handled}, named {self.named}"


def texts(records):
    return [batches.text_of(record) for record in records]


def until_failure(handled):
    first = next((i for i, text in enumerate(handled) if text.startswith("bad")), len(handled))
    return handled[: first + 1]


def named_in(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def under_powertools(source, event):
    """The outcome, and whether Powertools by default raises an error because everything failed."""
    calls = Path("calls")
    calls.unlink(missing_ok=True)
    processor = source.processor(event)
    processor.raise_on_entire_batch_failure = False
    named = named_in(with_powertools.answer_of(event, processor))
    outcome = Outcome(lines(calls), named)
    try:
        with_powertools.answer_of(event, source.processor(event))
    except BatchProcessingError:
        return outcome, True
    return outcome, False


def under_ours(lambda_, event):
    """The outcome, and whether the invocation failed."""
    calls = lambda_.task / "calls"
    calls.unlink(missing_ok=True)
    failed, answer = lambda_.invoke(event)
    return Outcome(lines(calls), [] if failed else named_in(answer)), failed


def lines(file):
    return file.read_text().split("\n")[:-1]


class Lambda:
    def __init__(self, task, port):
        self.task = task
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def invoke(self, event):
        with urllib.request.urlopen(self.url, json.dumps(event).encode(), timeout=60) as response:
            return "X-Amz-Function-Error" in response.headers, json.loads(response.read())


@contextmanager
def started(language, handler, *settings):
    with tempfile.TemporaryDirectory() as folder:
        task, port = Path(folder) / "task", Path(folder) / "port"
        shutil.copytree(TESTS / "fakes/handlers" / language, task)
        shutil.copy(TESTS / "bootstrap/batches/with_powertools.py", task)
        command = [TOOL, "serve", handler, "--quiet", "--port", "0", "--port-file", port]
        command += ["--bootstrap", BOOTSTRAP, "--task-root", task, "--timeout", "20"]
        command += [part for setting in settings for part in ("--env", setting)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLS")}
        with open(Path(folder) / "log", "w+") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
            try:
                yield Lambda(task, port_of(server, port))
            except Exception:
                log.seek(0)
                print(log.read()[-3000:], file=sys.stderr)
                raise
            finally:
                server.terminate()
                server.wait(30)


def port_of(server, file):
    end = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()):
        if server.poll() is not None or time.monotonic() > end:
            raise SystemExit("open-runtime serve does not start")
        time.sleep(0.01)
    return file.read_text().strip()


def compare(source, event, lambda_):
    """What is wrong with our answer to a batch, held against Powertools'."""
    records = records_of(event)
    theirs, raises = under_powertools(source, event)
    (ours, failed), expected = under_ours(lambda_, event), source.expected(records, theirs)
    trouble = ["the invocation failed"] if failed else []
    trouble += [] if is_same(ours, expected, source) else [f"Powertools: {theirs}", f"expected:   {expected}", f"ours:       {ours}"]
    again, theirs_again = source.comes_again(records, ours.named), source.comes_again(records, theirs.named)
    if not source.is_sent_again(again, theirs_again):
        trouble.append(f"Powertools gets {texts(theirs_again)} again, ours {texts(again)}")
    if raises and again != records:
        trouble.append(f"Powertools raises an error, so that all comes again, ours gets {texts(again)}")
    return trouble


def is_same(ours, expected, source):
    """Without an order of the whole batch, records are handled in any."""
    in_order = list if source.is_ordered else sorted
    return (in_order(ours.handled), ours.named) == (in_order(expected.handled), expected.named)


def compare_within(source, event, lambda_):
    """What is wrong with the answer of Powertools in a handler of ours."""
    (theirs, raises), (ours, failed) = under_powertools(source, event), under_ours(lambda_, event)
    theirs.named = [] if raises else theirs.named
    is_right = (vars(theirs), raises) == (vars(ours), failed)
    return [] if is_right else [f"Powertools: {theirs}, raises: {raises}", f"ours:       {ours}, fails: {failed}"]


def check_all(claim, comparison, lambda_):
    for name, source in SOURCES.items():
        if type(source) is FifoByGroup and comparison is compare_within:
            continue
        trouble = []
        for which, failing in FAILURES.items():
            event = source.event([f"{'bad' if str(i) in failing else 'ok'}-{i}" for i in range(5)])
            trouble += [f"{which} fails: {line}" for line in comparison(source, event, lambda_)]
        tap.report(claim.format(name=name, why=source.why), trouble)


def main():
    os.chdir(SCRATCH.name)
    packages = f"PYTHONPATH={sysconfig.get_path('purelib')}"
    for language in "nodejs", "python":
        with started(language, "batches.handle", "SLSBATCH=report") as lambda_:
            check_all(language + ", {name}: {why}", compare, lambda_)
    with started("python", "with_powertools.raw", "SLSEVENTS=raw", packages) as lambda_:
        check_all("{name}: Powertools in a handler answers the same, given what AWS sends", compare_within, lambda_)
    with started("python", "with_powertools.together", "SLSEVENTS=batch", packages) as lambda_:
        check_all("{name}: Powertools in a handler answers the same, given the data of the batch's CloudEvents", compare_within, lambda_)
    tap.finish()


main()
