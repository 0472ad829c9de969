"""Serves an ASGI application, such as FastAPI or Starlette, behind a function URL or an HTTP API, and streams its responses:

    handler = asgi.stream(app)
"""
import asyncio
import base64
from urllib.parse import unquote


def stream(app):
    async def handler(event, context):
        request = event["data"] if "specversion" in event else event
        sent = asyncio.Queue(1)
        task = asyncio.ensure_future(app(scope_of(request), receiver_of(request), sent.put))
        start = await next_message(sent, task)
        headers, cookies = {}, []
        for name, value in start.get("headers", []):
            if name.lower() == b"set-cookie":
                cookies.append(value.decode("latin-1"))
            else:
                headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return {"statusCode": start["status"], "headers": headers, "cookies": cookies, "body": body(sent, task)}

    return handler


async def body(sent, task):
    try:
        has_more = True
        while has_more:
            message = await next_message(sent, task)
            has_more = message.get("more_body", False)
            yield message.get("body", b"")
        await task
    finally:
        task.cancel()


async def next_message(sent, task):
    """What the application sends next. Raises what it raises instead."""
    message = asyncio.ensure_future(sent.get())
    await asyncio.wait({message, task}, return_when=asyncio.FIRST_COMPLETED)
    if not message.done():
        message.cancel()
        await task
        raise RuntimeError("the application has ended without a whole response")
    return message.result()


def scope_of(request):
    http = request["requestContext"]["http"]
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.get("headers", {}).items()]
    if request.get("cookies"):
        headers.append((b"cookie", "; ".join(request["cookies"]).encode("latin-1")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": http["method"],
        "scheme": "https",
        "path": unquote(request["rawPath"]),
        "raw_path": request["rawPath"].encode("latin-1"),
        "root_path": "",
        "query_string": request.get("rawQueryString", "").encode("latin-1"),
        "headers": headers,
        "client": (http.get("sourceIp", ""), 0),
        "server": (request["requestContext"].get("domainName", ""), 443),
    }


def receiver_of(request):
    text = request.get("body") or ""
    messages = [{"type": "http.request", "body": base64.b64decode(text) if request.get("isBase64Encoded") else text.encode()}]

    async def receive():
        if not messages:
            await asyncio.Event().wait()  # Lambda does not say that the caller has hung up
        return messages.pop()

    return receive
