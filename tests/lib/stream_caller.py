"""A caller of InvokeWithResponseStream that reads the event stream as it comes."""

import json
import re
import socket
import struct
import zlib

STREAM = "/2021-11-15/functions/function/response-streaming-invocations"


class Caller:
    """Calls InvokeWithResponseStream, or Invoke, or a function URL, and reads the body as it comes."""

    def __init__(self, port, path=STREAM, event=b"{}", method="POST", **headers):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(20)
        length = {} if event is None else {"Content-Length": len(event)}
        headers = {"Host": "127.0.0.1", **length, **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (event or b""))
        self.raw = self.body = b""

    def read_head(self):
        while b"\r\n\r\n" not in self.raw:
            self.more()
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(head.split()[1])
        return self

    def header(self, name):
        found = re.findall(rf"^{name}: (.*?)\r?$", self.head, re.M | re.I)
        return ", ".join(found) if found else None

    def more(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise EOFError(self.raw)
        self.raw += more

    def read_chunk(self):
        """The next chunk of HTTP, or b"" at the end."""
        while b"\r\n" not in self.raw:
            self.more()
        size, _, self.raw = self.raw.partition(b"\r\n")
        size = int(size, 16)
        while len(self.raw) < size + 2:
            self.more()
        chunk, self.raw = self.raw[:size], self.raw[size + 2:]
        return chunk

    def message(self):
        """The next message of the event stream: its type and its payload."""
        while len(self.body) < 4 or len(self.body) < struct.unpack(">I", self.body[:4])[0]:
            more = self.read_chunk()
            if not more:
                raise EOFError(self.body)
            self.body += more
        size, headers, crc = struct.unpack(">III", self.body[:12])
        message, self.body = self.body[:size], self.body[size:]
        assert crc == zlib.crc32(message[:8]) and struct.unpack(">I", message[-4:])[0] == zlib.crc32(message[:-4])
        names = dict(re.findall(rb":([a-z-]+)\x07\x00.([A-Za-z/-]+)", message[12:12 + headers], re.S))
        assert names[b"message-type"] == b"event"
        return names[b"event-type"].decode(), message[12 + headers:-4]

    def complete(self):
        """All that is left: the bytes together, and the members of InvokeComplete."""
        data = []
        while True:
            kind, payload = self.message()
            if kind == "InvokeComplete":
                assert self.body == b"" and self.read_chunk() == b"", "there is more after the end"
                return b"".join(data), json.loads(payload)
            data.append(payload)
