"""Python's `logging` as AWS sets it up: text, or JSON with AWS_LAMBDA_LOG_FORMAT=JSON. Imported along with `logging`."""
import sys
import time

from open_runtime import Call, encode, find_spec


def spec_of(name):
    """The spec of the true `logging`, which sets the root logger up when it is executed."""
    spec = find_spec(name)
    execute = spec.loader.exec_module

    def exec_module(module):
        execute(module)
        if hasattr(module, "Formatter"):  # user code may have a module of that name
            set_up(module)

    spec.loader.exec_module = exec_module
    return spec


def request_id():
    return Call.latest and Call.latest.aws_request_id


def set_up(logging):
    import os

    class TextFormatter(logging.Formatter):
        converter = time.gmtime

        def format(self, record):
            record.aws_request_id = request_id() or ""
            return super().format(record)

    class JsonFormatter(TextFormatter):
        def format(self, record):
            line = {
                "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
                "requestId": request_id(),
            }
            if record.exc_info:
                line["exception"] = self.formatException(record.exc_info).split("\n")
            return encode(line)

    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    is_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    handler = logging.StreamHandler()
    handler.setFormatter((JsonFormatter if is_json else TextFormatter)(form, "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"):
        logging.getLogger().setLevel(level)
