#!/usr/bin/env python3
"""A Runtime API that hands out each event once, to whoever asks first, with a deadline, and says what became of it.

The emulator's deadlines for Managed Instances are weeks away, whatever the timeout is. These are not.
usage: slots_api.py PORT-FILE TIMEOUT-MS EVENT…   prints "MS NUMBER response|error BODY", the milliseconds since it was handed out
"""
import http.server
import os
import queue
import sys
import time

port_file, timeout_ms, *given = sys.argv[1:]
events = queue.Queue()
for numbered in enumerate(given, 1):
    events.put(numbered)
handed_out = {}


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"{}", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if "extension" in self.path:
            time.sleep(60)
        number, event = events.get()
        handed_out[str(number)] = time.time()
        deadline = str(int(time.time() * 1000) + int(timeout_ms))
        self.answer(200, event.encode(), Lambda_Runtime_Aws_Request_Id=str(number), Lambda_Runtime_Deadline_Ms=deadline)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        *_, number, kind = self.path.split("/")
        if number in handed_out:
            print(int((time.time() - handed_out[number]) * 1000), number, kind, body.decode(), flush=True)
        self.answer(202, Lambda_Extension_Identifier="x")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
server.daemon_threads = True
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
