"""Odd requests, and the members of the event that each service makes of them.

What is expected is written from AWS's documents, and where these are silent from events that AWS's services sent: those of
the fixtures of github:hotsock/voker (July 2026), and of aws-lambda-go. A path of names leads to a member; ABSENT: it is not
there. What is not named is not compared.
"""
import base64

from services import ALB, BINARY, HTTP, HTTP1, LISTS, REST, URL

ABSENT = object()


def base64_of(body):
    return base64.b64encode(body).decode()


def same(members, *services):
    return {service: members for service in services}


def text(body):
    return {"body": body, "isBase64Encoded": False}


def binary(body):
    return {"body": base64_of(body), "isBase64Encoded": True}


JSON = [("Content-Type", "application/json")]
REPEATED = {"parameter1": ["value1", "value2"], "parameter2": ["value"]}
CAPTURED = "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty="
DECODED = {"repeat": ["one", "two"], "redirect": ["https://example.com/a/b"], "literalPlus": ["a b"], "encodedPlus": ["a+b"], "empty": [""]}
RAW = {"repeat": ["one", "two"], "redirect": ["https%3A%2F%2Fexample.com%2Fa%2Fb"], "literalPlus": ["a+b"], "encodedPlus": ["a%2Bb"], "empty": [""]}


def last(lists):
    return {name: values[-1] for name, values in lists.items()}


def joined(lists):
    return {name: ",".join(values) for name, values in lists.items()}


# the claim, (method, target, headers, body), and the members by service
REQUESTS = [
    ("repeated parameters are joined, the last one, or lists", ("GET", "/my/path?parameter1=value1&parameter1=value2&parameter2=value"), {
        **same({"rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value", "queryStringParameters": joined(REPEATED)}, URL, HTTP),
        HTTP1: {"queryStringParameters": {"parameter1": "value1", "parameter2": "value"}, "multiValueQueryStringParameters": REPEATED},
        REST: {"queryStringParameters": last(REPEATED), "multiValueQueryStringParameters": REPEATED},
        ALB: {"queryStringParameters": last(REPEATED), "multiValueQueryStringParameters": ABSENT},
        LISTS: {"multiValueQueryStringParameters": REPEATED, "queryStringParameters": ABSENT},
    }),
    ("parameters are decoded, except by a load balancer", ("GET", f"/?{CAPTURED}"), {
        **same({"rawQueryString": CAPTURED, "queryStringParameters": joined(DECODED)}, URL, HTTP),
        HTTP1: {"multiValueQueryStringParameters": DECODED},
        REST: {"queryStringParameters": last(DECODED), "multiValueQueryStringParameters": DECODED},
        ALB: {"queryStringParameters": last(RAW)},
        LISTS: {"multiValueQueryStringParameters": RAW},
    }),
    ("no parameters: absent, null or empty", ("GET", "/a"), {
        **same({"rawQueryString": "", "queryStringParameters": ABSENT, "cookies": ABSENT, "body": ABSENT, "pathParameters": ABSENT, "stageVariables": ABSENT}, URL, HTTP),
        **same({"queryStringParameters": None, "multiValueQueryStringParameters": None, "stageVariables": None, "body": None, "isBase64Encoded": False}, HTTP1, REST),
        ALB: {"queryStringParameters": {}, "body": "", "isBase64Encoded": False},
        LISTS: {"multiValueQueryStringParameters": {}, "body": "", "isBase64Encoded": False},
    }),
    ("a name without a value, an empty pair and an equals sign in a value", ("GET", "/?&flag&a=b=c&"), {
        **same({"rawQueryString": "&flag&a=b=c&", "queryStringParameters": {"flag": "", "a": "b=c"}}, URL, HTTP),
        **same({"multiValueQueryStringParameters": {"flag": [""], "a": ["b=c"]}}, HTTP1, REST, LISTS),
        ALB: {"queryStringParameters": {"flag": "", "a": "b=c"}},
    }),
    ("an encoded path stays, except for an HTTP API", ("GET", "/capture/space%20value"), {
        URL: {"rawPath": "/capture/space%20value", "requestContext.http.path": "/capture/space value"},
        HTTP: {"rawPath": "/capture/space value", "requestContext.http.path": "/capture/space value"},
        HTTP1: {"path": "/capture/space value", "requestContext.path": "/capture/space value"},
        REST: {"path": "/capture/space%20value", "requestContext.path": "/capture/space%20value", "pathParameters": {"proxy": "capture/space%20value"}, "resource": "/{proxy+}", "requestContext.resourcePath": "/{proxy+}"},
        **same({"path": "/capture/space%20value"}, ALB, LISTS),
    }),
    ("an encoded slash and letters that are not ASCII", ("GET", "/a%2Fb/%C3%A9"), {
        URL: {"rawPath": "/a%2Fb/%C3%A9"},
        HTTP: {"rawPath": "/a/b/é"},
        HTTP1: {"path": "/a/b/é"},
        **same({"path": "/a%2Fb/%C3%A9"}, REST, ALB, LISTS),
    }),
    ("an HTTP API takes an encoded question mark for the end of the path", ("GET", "/users/me%3Fadmin=true?b=c"), {
        URL: {"rawPath": "/users/me%3Fadmin=true", "rawQueryString": "b=c"},
        HTTP: {"rawPath": "/users/me", "rawQueryString": "b=c"},
        HTTP1: {"path": "/users/me"},
        **same({"path": "/users/me%3Fadmin=true"}, REST, ALB, LISTS),
    }),
    ("slashes at the end and within stay", ("GET", "/a//b/"), {
        **same({"rawPath": "/a//b/"}, URL, HTTP),
        HTTP1: {"path": "/a//b/"},
        REST: {"path": "/a//b/", "requestContext.path": "/a//b/", "pathParameters": {"proxy": "a//b"}},
        **same({"path": "/a//b/"}, ALB, LISTS),
    }),
    ("the root", ("GET", "/"), {
        URL: {"rawPath": "/", "routeKey": "$default"},
        HTTP: {"rawPath": "/", "routeKey": "$default", "requestContext.routeKey": "$default", "requestContext.stage": "$default"},
        HTTP1: {"version": "1.0", "path": "/"},
        REST: {"path": "/", "resource": "/", "pathParameters": None, "version": ABSENT},
        **same({"path": "/"}, ALB, LISTS),
    }),
    ("repeated headers are joined, the last one, or lists", ("GET", "/", [("X-Probe", "first"), ("x-probe", "second")]), {
        **same({"headers.x-probe": "first,second", "multiValueHeaders": ABSENT}, URL, HTTP),
        HTTP1: {"headers.x-probe": "second", "multiValueHeaders.x-probe": ["first", "second"]},
        REST: {"headers.X-Probe": "second", "multiValueHeaders.X-Probe": ["first", "second"]},
        ALB: {"headers.x-probe": "second", "multiValueHeaders": ABSENT},
        LISTS: {"multiValueHeaders.x-probe": ["first", "second"], "headers": ABSENT},
    }),
    ("the names of headers are small, except for a REST API", ("GET", "/", [("headerName", "headerValue"), ("USER-AGENT", "test"), ("Accept", "*/*"), ("cache-control", "no-cache")]), {
        **same({"headers.headername": "headerValue", "headers.user-agent": "test", "headers.accept": "*/*", "headers.headerName": ABSENT}, URL, HTTP, HTTP1, ALB),
        REST: {"headers.headerName": "headerValue", "headers.User-Agent": "test", "headers.Accept": "*/*", "headers.cache-control": "no-cache", "headers.headername": ABSENT, "headers.accept": ABSENT},
        LISTS: {"multiValueHeaders.headername": ["headerValue"]},
    }),
    ("each service adds its headers", ("GET", "/", [("Host", "localhost"), ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Proto", "https")]), {
        **same({"headers.x-forwarded-for": "10.0.0.1, 127.0.0.1", "headers.x-forwarded-proto": "http", "headers.host": "localhost"}, URL, HTTP, HTTP1, ALB),
        REST: {"headers.X-Forwarded-For": "10.0.0.1, 127.0.0.1", "headers.X-Forwarded-Proto": "http", "headers.Host": "localhost", "headers.host": ABSENT, "headers.x-forwarded-for": ABSENT},
        LISTS: {"multiValueHeaders.x-forwarded-for": ["10.0.0.1, 127.0.0.1"]},
    }),
    ("cookies have a member of their own in the format 2.0", ("GET", "/", [("Cookie", "session=abc123; theme=dark"), ("Cookie", "third=3")]), {
        URL: {"cookies": ["session=abc123", "theme=dark", "third=3"], "headers.cookie": "session=abc123; theme=dark,third=3"},
        HTTP: {"cookies": ["session=abc123", "theme=dark", "third=3"], "headers.cookie": ABSENT},
        HTTP1: {"cookies": ABSENT, "multiValueHeaders.cookie": ["session=abc123; theme=dark", "third=3"]},
        REST: {"cookies": ABSENT, "headers.Cookie": "third=3", "multiValueHeaders.Cookie": ["session=abc123; theme=dark", "third=3"]},
        ALB: {"headers.cookie": "third=3"},
        LISTS: {"multiValueHeaders.cookie": ["session=abc123; theme=dark", "third=3"]},
    }),
    ("a body of text", ("POST", "/", [("Content-Type", "application/json; charset=utf-8")], '{"λ":1}'.encode()), {
        **same({**text('{"λ":1}'), "headers.content-length": "8", "headers.content-type": "application/json; charset=utf-8"}, URL, HTTP, ALB),
        HTTP1: text('{"λ":1}'),
        REST: {**text('{"λ":1}'), "headers.Content-Length": ABSENT, "headers.content-length": ABSENT},
        LISTS: text('{"λ":1}'),
    }),
    ("other types of text", ("POST", "/", [("Content-Type", "text/html")], b"<p>"), same(text("<p>"), URL, HTTP, HTTP1, REST, ALB, LISTS, BINARY)),
    ("XML", ("POST", "/", [("Content-Type", "application/xml")], b"<a/>"), same(text("<a/>"), URL, HTTP, HTTP1, REST, ALB, LISTS)),
    ("a form is base64, except for a REST API", ("POST", "/", [("Content-Type", "application/x-www-form-urlencoded")], b"a=b&c=d"), {
        **same(binary(b"a=b&c=d"), URL, HTTP, HTTP1, ALB, LISTS),
        REST: text("a=b&c=d"),
    }),
    ("a binary body is base64; a REST API needs to know the type", ("PUT", "/", [("Content-Type", "image/png")], b"\x89PNG\0\xff"), {
        **same(binary(b"\x89PNG\0\xff"), URL, HTTP, HTTP1, ALB, LISTS, BINARY),
        REST: text("\ufffdPNG\0\ufffd"),
    }),
    ("a compressed body is base64", ("POST", "/", [*JSON, ("Content-Encoding", "gzip")], b"{}"), same(binary(b"{}"), URL, HTTP, HTTP1, ALB, LISTS)),
    ("a body without a type is base64", ("POST", "/", (), b"abc"), {**same(binary(b"abc"), URL, HTTP, HTTP1, ALB, LISTS), REST: text("abc")}),
    ("a body in chunks", ("POST", "/", [*JSON, ("Transfer-Encoding", "chunked")], b"2\r\n{}\r\n0\r\n\r\n"), same({**text("{}"), "headers.transfer-encoding": ABSENT}, URL, HTTP, HTTP1, REST, ALB)),
    ("OPTIONS reaches the function", ("OPTIONS", "/a"), {
        **same({"requestContext.http.method": "OPTIONS"}, URL, HTTP),
        **same({"httpMethod": "OPTIONS", "requestContext.httpMethod": "OPTIONS"}, HTTP1, REST),
        **same({"httpMethod": "OPTIONS"}, ALB, LISTS),
    }),
    ("PATCH and DELETE reach the function", ("PATCH", "/a", JSON, b"1"), {
        **same({"requestContext.http.method": "PATCH", "body": "1"}, URL, HTTP),
        **same({"httpMethod": "PATCH", "body": "1"}, HTTP1, REST, ALB, LISTS),
    }),
]
