"""Each service that `open-runtime serve --http` plays, and requests to it, byte by byte."""
import contextlib
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lib import serve

URL, HTTP, HTTP1, REST, ALB, LISTS = "url", "http", "http 1.0", "rest", "alb", "alb with lists"
BINARY = "rest with binary types"

OPTIONS = {
    URL: [],
    HTTP: ["--api", "http"],
    HTTP1: ["--api", "http", "--payload", "1.0"],
    REST: ["--api", "rest"],
    ALB: ["--api", "alb"],
    LISTS: ["--api", "alb", "--multi-value-headers"],
    BINARY: ["--api", "rest", "--binary-media-type", "image/*", "--binary-media-type", "application/octet-stream"],
}


class Answered:
    def __init__(self, answer):
        self.status, self.body = answer.status, answer.read()
        self.pairs = [(name.lower(), value) for name, value in answer.getheaders()]

    def all(self, name):
        return [value for known, value in self.pairs if known == name]

    def header(self, name):
        return ", ".join(self.all(name)) or None

    @property
    def json(self):
        return json.loads(self.body)


def ask(server, method="GET", target="/", headers=(), body=b""):
    """Sends the request as it is written here, and returns the answer."""
    names = [name.lower() for name, _ in headers]
    own = [] if "host" in names else [("Host", f"127.0.0.1:{server.http}")]
    own += [("Content-Length", str(len(body)))] if body and "transfer-encoding" not in names else []
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in [*own, *headers])]
    return send(server, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, method)


def send(server, request, method="GET"):
    """Sends these bytes, and returns the first answer."""
    with connect(server, request) as connection:
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return Answered(answer)


def send_all(server, request):
    """Sends these bytes, and returns all that comes until the connection is closed."""
    with connect(server, request) as connection, connection.makefile("rb") as answers:
        return answers.read()


@contextlib.contextmanager
def connect(server, request):
    with socket.create_connection(("127.0.0.1", server.http)) as connection:
        connection.settimeout(60)
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        yield connection


@contextlib.contextmanager
def web(service, handler="show", *options, **how):
    with serve(handler, "--http", "0", *OPTIONS[service], *options, **how) as server:
        server.http = int(server.note("http")["address"].rsplit(":", 1)[1])
        yield server


@contextlib.contextmanager
def every(handler, services, *options):
    """Runs these services at once."""
    with contextlib.ExitStack() as stack:
        yield {service: stack.enter_context(web(service, handler, *options)) for service in services}
