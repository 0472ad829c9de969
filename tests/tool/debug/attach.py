"""A debugger that speaks the Debug Adapter Protocol, as VS Code does: attaches to a port, stops at a line of a file, prints
what the variable `secret` is, then does what it is told: resume, stay (until it is killed), or go (without a word).
usage: attach.py PORT FILE LINE resume|stay|go
"""
import json
import sys

from connect import connect

connection, file, line, then = connect(*sys.argv[1:])
messages = connection.makefile("rb")
sent = 0


def send(command, **arguments):
    global sent
    sent += 1
    body = json.dumps({"seq": sent, "type": "request", "command": command, "arguments": arguments}).encode()
    connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def receive():
    length = 0
    while True:
        header = messages.readline()
        if not header:
            print("disconnected", flush=True)
            sys.exit()
        if header == b"\r\n":
            return json.loads(messages.read(length))
        if header.lower().startswith(b"content-length:"):
            length = int(header.split(b":")[1])


def until(kind, name):
    while True:
        message = receive()
        if message["type"] == kind and message.get("command", message.get("event")) == name:
            return message.get("body") or {}


send("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
until("response", "initialize")
send("attach", justMyCode=False, localfs=True)
until("event", "initialized")
send("setBreakpoints", source={"path": file}, breakpoints=[{"line": line}])
until("response", "setBreakpoints")
send("configurationDone")
while True:
    thread = until("event", "stopped")["threadId"]
    send("stackTrace", threadId=thread)
    frame = until("response", "stackTrace")["stackFrames"][0]
    send("evaluate", expression="secret", frameId=frame["id"], context="watch")
    value = until("response", "evaluate").get("result")
    print(f"paused in {frame['name']} at line {frame['line']}: {value}", flush=True)
    if then == "go":
        sys.exit()
    if then == "resume":
        send("continue", threadId=thread)
