"""A debugger that speaks DBGp, as IDEs do with Xdebug: connects to a port of a relay, stops at a line of a file, prints what the variable
$secret is, then does what it is told: resume, stay (until it is killed), or go (without a word).
usage: dbgp.py PORT FILE LINE resume|stay|go
"""
import re
import sys

from connect import connect

connection, file, line, then = connect(*sys.argv[1:])
stream = connection.makefile("rb")
sent = 0


def receive():
    """Returns the XML of a message: LENGTH NUL XML NUL."""
    length = b""
    while not length.endswith(b"\0"):
        byte = stream.read(1)
        if not byte:
            print("disconnected", flush=True)
            sys.exit()
        length += byte
    text = stream.read(int(length[:-1]) + 1)[:-1].decode()
    if "<stream" in text or "<notify" in text:
        return receive()
    return text


def send(command, data=""):
    global sent
    sent += 1
    name, _, rest = command.partition(" ")
    connection.sendall(f"{name} -i {sent} {rest}{data}".rstrip().encode() + b"\0")


def ask(command, data=""):
    send(command, data)
    return receive()


print("init of", re.search(r'language="(\w+)"', receive())[1], flush=True)
ask("feature_set -n max_depth -v 1")
ask(f"breakpoint_set -t line -f file://{file} -n {line}")
send("run")
while True:
    answer = receive()
    if 'status="break"' not in answer:
        send("run")
        continue
    where = re.search(r'lineno="(\d+)"', answer)[1]
    function = re.search(r'where="([^"]*)"', ask("stack_get"))[1]
    value = re.search(r"<property [^>]*>(?:<!\[CDATA\[)?([^<\]]*)", ask("property_get -n $secret"))
    print(f"paused in {function} at line {where}: {value[1] if value else None}", flush=True)
    if then == "go":
        sys.exit()
    if then == "resume":
        send("run")
    else:
        receive()
