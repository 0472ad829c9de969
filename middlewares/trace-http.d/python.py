"""Companion of trace-http for Python: watches http.client, and with it urllib, requests, urllib3 and botocore.

ms is the time to the response's headers.
"""
import os
import sys
import time

request_id = None  # of the current invocation


def wrap(handler):
    def traced(event, context):
        global request_id
        request_id = context.aws_request_id
        return handler(event, context)

    return traced


class OnImport:
    """Patches http.client when it is first imported. Many handlers never import it, and its import is slow."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "http.client":
            return None
        sys.meta_path.remove(cls)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in sys.meta_path)), None)
        if spec:
            exec_module = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (exec_module(module), patch(module.HTTPConnection))
        return spec


def patch(connection):
    putrequest = connection.putrequest

    def begin(self, method, url, *args, **kwargs):
        self.trace_http = method, url, time.monotonic()
        return putrequest(self, method, url, *args, **kwargs)

    connection.putrequest = begin
    connection.endheaders = watch(connection.endheaders)  # connects and sends
    connection.getresponse = watch(connection.getresponse, lambda response: {"status": response.status})


def watch(step, describe=None):
    def watched(self, *args, **kwargs):
        try:
            result = step(self, *args, **kwargs)
        except Exception as error:
            log(self, error=type(error).__name__)
            raise
        if describe:
            log(self, **describe(result))
        return result

    return watched


def log(connection, **outcome):
    method, url, began = connection.__dict__.pop("trace_http", (None, None, None))
    if not method:
        return  # already logged
    import json
    from urllib.parse import urlsplit

    path = url.partition("?")[0] if url.startswith("/") else urlsplit(url).path  # requests to a proxy have the whole URL
    call = {"requestId": request_id, "method": method, "host": host(connection), "path": path, **outcome}
    call["ms"] = round((time.monotonic() - began) * 1000, 3)
    try:
        os.write(2, f"{json.dumps(call, separators=(',', ':'))}\n".encode())
    except OSError:
        pass  # a missing line is better than a handler that fails because of logging


def host(connection):
    tunnel = getattr(connection, "_tunnel_host", None)  # through a proxy
    name, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)
    name = f"[{name}]" if ":" in name else name
    return name if port == connection.default_port else f"{name}:{port}"


if "http.client" in sys.modules:
    patch(sys.modules["http.client"].HTTPConnection)
else:
    sys.meta_path.insert(0, OnImport)
