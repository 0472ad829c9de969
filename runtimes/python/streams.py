"""Answers that are streams: from generators, other iterators, and files. Imported at the first one."""
import binascii
import posix

import open_runtime
from open_runtime import Call, encode, encode_basestring, write_line

TEXT = 1 << 14  # characters of a line, which are 64 KiB at most: a longer item goes out in several lines
BYTES = 3 << 14  # bytes of a line, which are 64 KiB of base64
MOST_BYTES = 1 << 16  # that follow a line
COLLECTIONS = (str, bytes, bytearray, memoryview, dict, list, tuple, set, frozenset)  # can be iterated, and are no streams


def is_stream(result):
    """Whether the result, or its member `body`, is an iterator, sync or async, or a file. A body may also be an iterable object."""
    body = body_of(result)
    names = ("__iter__" if body is not result else "__next__", "__aiter__", "read")
    return not isinstance(body, COLLECTIONS) and any(hasattr(type(body), name) for name in names)


def body_of(result):
    return result.get("body") if isinstance(result, dict) else result


def answer(result, request_id, takes_bytes):
    """Sends the stream as the answer to the call, or collects it if there is no id, because the answer must not be a stream. Returns
    the last member of the answer and its value."""
    body = body_of(result)
    sink = (BytesStream if takes_bytes else Stream)(request_id, head_of(result)) if request_id else Collected(result)
    try:
        if hasattr(type(body), "__aiter__"):
            from open_runtime import event_loop

            event_loop.run(send_async(body, sink))
        else:
            send(body, sink)
    finally:
        close = getattr(body, "close", None)
        if close:
            close()
    return sink.end()


def head_of(result):
    """The head of an HTTP response, or None. A header may have a list of values: one stays in `headers`."""
    if not isinstance(result, dict):
        return None
    head = {"statusCode": 200}
    head.update((name, value) for name, value in result.items() if name not in ("body", "isBase64Encoded") and value is not None)
    given = head.get("headers") or {}
    given = {name: value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value for name, value in given.items()}
    lists = {name: [*map(str, value)] for name, value in given.items() if isinstance(value, (list, tuple))}
    head["headers"] = {name: str(value) for name, value in given.items() if name not in lists}
    if lists:
        head["multiValueHeaders"] = {**(head.get("multiValueHeaders") or {}), **lists}
    return head


def send(body, sink):
    for item in pieces(body):
        try:
            sink.add(item)
        except open_runtime.FunctionTimeout as timeout:
            if not hasattr(body, "throw"):
                raise
            body.throw(timeout)  # so that the stack says where the generator is
            raise


def pieces(body):
    """The items of an iterator. A file is read as its bytes come, not line by line."""
    read = getattr(body, "read1", None) or getattr(body, "read", None)
    return iter(lambda: read(BYTES) or None, None) if read else body


async def send_async(body, sink):
    async for item in body:
        sink.add(item)


class Stream:
    """Sends items as they come. The head goes out with the first item, so that a failure before it is an ordinary error."""

    def __init__(self, request_id, head):
        self.start = f'{{"id":{encode_basestring(request_id)},'
        self.head = f'{self.start}"stream":{encoded({} if head is None else head)}}}\n'

    def add(self, item):
        if isinstance(item, (bytes, bytearray, memoryview)):
            return self.add_bytes(memoryview(item).cast("B"))
        text = whole_characters(item if isinstance(item, str) else encoded(item))
        step = 4 * TEXT if text.isascii() else TEXT
        for start in range(0, len(text) or 1, step):
            self.write(f'"chunk":{encode_basestring(text[start : start + step])}')

    def add_bytes(self, item):
        for start in range(0, len(item) or 1, BYTES):
            self.write(f'"base64":"{binascii.b2a_base64(item[start : start + BYTES], newline=False).decode()}"')

    def write(self, member, follows=b""):
        """Writes a line as a whole, and the bytes that follow it. SIGTERM does not cut it: what it means is raised after it."""
        line = f"{self.head}{self.start}{member}}}\n" if member else self.head
        self.head = ""
        Call.is_writing = True
        try:
            if follows:
                write_with(line, follows)
            else:
                write_line(line)
        finally:
            Call.is_writing = False
        if Call.timeout:
            timeout, Call.timeout = Call.timeout, None
            raise timeout

    def end(self):
        if self.head:
            self.write("")
        return "end", "true"


class BytesStream(Stream):
    """Sends bytes as they are, between lines."""

    def add_bytes(self, item):
        for start in range(0, len(item) or 1, MOST_BYTES):
            piece = item[start : start + MOST_BYTES]
            self.write(f'"bytes":{len(piece)}', piece)


def write_with(line, data):
    """Writes a line and the bytes behind it by one system call, as a rule."""
    parts = [line.encode("utf-8", "backslashreplace"), data]
    try:
        written = posix.writev(open_runtime.TO_BOOTSTRAP, parts)
    except OSError:
        posix._exit(1)  # as in write_line
    if written < len(parts[0]) + len(data):
        open_runtime.write_bytes(b"".join(parts)[written:])


class Collected:
    """Collects items into one response."""

    def __init__(self, result):
        self.head = head_of(result)
        self.bytes = bytearray()

    def add(self, item):
        is_bytes = isinstance(item, (bytes, bytearray, memoryview))
        self.bytes += item if is_bytes else whole_characters(item if isinstance(item, str) else encoded(item)).encode()

    def end(self):
        try:
            body, is_base64 = self.bytes.decode(), False
        except UnicodeDecodeError as error:
            if self.head is None:
                raise open_runtime.failure("Runtime.MarshalError", f"The response is not text, and this call cannot be streamed: {error}")
            body, is_base64 = binascii.b2a_base64(self.bytes, newline=False).decode(), True
        if self.head is not None:
            body = {**self.head, "body": body, **({"isBase64Encoded": True} if is_base64 else {})}
        return "response", encoded(body)


def encoded(value):
    try:
        return encode(value)
    except Exception as error:
        from open_runtime import results

        raise results.failure(error)


def whole_characters(text):
    """Puts a replacement character in the place of half a surrogate pair, which UTF-8 does not have."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
