"""Sets up Python's `logging` as AWS's client does: text, or JSON with AWS_LAMBDA_LOG_FORMAT=JSON. Imported right after `logging`.

Each record is one event of the log. On a managed runtime a frame around the record tells Lambda where it ends. Anywhere else a
line feed ends it; line feeds in the record become carriage returns, which the console shows as new lines.
"""
import posix
import time

from open_runtime import Call, environ, flush, write

JSON, TEXT = 0xA55A0002, 0xA55A0003  # types of frames; the level is added
NOT_EXTRA = {
    *("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text", "stack_info"),
    *("lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName", "processName", "process"),
    *("aws_request_id", "tenant_id", "_frame_type"),
}


class LogSink:
    """Writes records. It does not use sys.stdout, which user code may replace."""

    @staticmethod
    def log(text, frame_type=None):
        try:
            flush()  # what was printed before the record
        except Exception:
            pass  # user code has closed its stdout
        if Call.telemetry is not None:
            data = encode_text(text)
            head = (frame_type or TEXT).to_bytes(4, "big") + len(data).to_bytes(4, "big")
            try:
                return write_all(Call.telemetry, head + int(now() * 1000000).to_bytes(8, "big") + data)
            except OSError:
                Call.telemetry = None  # user code has closed it
        write_all(2, encode_text(text.rstrip("\n").replace("\n", "\r") + "\n"))


now = time.time


def encode_text(text):
    return text.encode("utf-8", "backslashreplace")


def write_all(descriptor, data):
    while data:
        data = data[write(descriptor, data) :]


def frame_type_of(kind, level):
    return kind + (4 + level // 10 * 4 if level >= 10 else 0)


def standard_level(level):
    return min(50, max(0, level)) // 10 * 10


def encode_line(members):
    """Encodes a line of JSON without fail: a value that has no form in JSON becomes text."""
    try:
        return encode(members)
    except Exception:
        return encode({str(name): encodable(value) for name, value in members.items()})


def encodable(value):
    try:
        encode(value)
        return value
    except Exception:
        try:
            return str(value)
        except Exception:
            return f"<{type(value).__name__} that cannot be turned into text>"


def encode(value):
    try:
        from _json import encode_basestring, make_encoder

        encoder = make_encoder({}, str, encode_basestring, None, ": ", ", ", False, False, True)
    except (ImportError, TypeError):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return "".join(encoder(value, 0))


def set_up(logging):
    """Gives the root logger a handler. The classes have AWS's names, because agents look for them."""

    class LambdaLoggerHandler(logging.Handler):
        log_sink = LogSink

        def emit(self, record):
            try:
                self.log_sink.log(self.format(record), self.frame_type(record))
            except RecursionError:
                raise
            except Exception:
                self.handleError(record)

        def frame_type(self, record):
            return TEXT

    class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
        def frame_type(self, record):
            return getattr(record, "_frame_type", None) or frame_type_of(TEXT, standard_level(record.levelno))

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = Call.latest and Call.latest.aws_request_id or ""
            record.tenant_id = Call.latest and Call.latest.tenant_id
            return True

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            record.levelno = standard_level(record.levelno)
            record.levelname = logging.getLevelName(record.levelno)
            record._frame_type = frame_type_of(JSON, record.levelno)
            line = {
                "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
                "level": record.levelname,
                "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
                "logger": record.name,
                **describe_exception(record),
                "requestId": getattr(record, "aws_request_id", None),
                "location": record.exc_info and f"{record.pathname}:{record.funcName}:{record.lineno}",
                "tenantId": getattr(record, "tenant_id", None),
            }
            extra = record.__dict__.items()
            line.update([(name, value) for name, value in extra if name not in NOT_EXTRA and line.get(name) is None])
            return encode_line({name: value for name, value in line.items() if value is not None}) + "\n"

    def describe_exception(record):
        if not record.exc_info or record.exc_info[0] is None:
            return {}
        import traceback

        kind, error, frames = record.exc_info
        return {"stackTrace": traceback.format_tb(frames), "errorType": kind.__name__, "errorMessage": str(error)}

    logging.Formatter.converter = time.gmtime
    is_json = environ("AWS_LAMBDA_LOG_FORMAT").upper() == "JSON"
    level = environ("AWS_LAMBDA_LOG_LEVEL")
    level = "DEBUG" if level == "TRACE" else level.upper()
    handler = (LambdaLoggerHandlerWithFrameType if is_json or level else LambdaLoggerHandler)()
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    if level in logging._nameToLevel:
        logging.getLogger().setLevel(level)
    handler.addFilter(LambdaLoggerFilter())
    logging.getLogger().addHandler(handler)
