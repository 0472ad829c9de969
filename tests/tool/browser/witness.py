"""A listener that checks no client: it answers every request with a script, and prints the name of each try on a line.

usage: witness.py PORT-FILE
"""

import os
import socketserver
import sys
from urllib.parse import parse_qs, urlsplit

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: 16\r\nConnection: close\r\n\r\nwindow.ran='ran'"


class Witness(socketserver.StreamRequestHandler):
    def handle(self):
        first = self.rfile.peek(1)[:1]
        if first == b"\0":
            tell("turn")
        line = self.rfile.readline(65536).decode("latin1").split()
        if len(line) != 3:
            return
        length = 0
        while header := self.rfile.readline(65536).strip():
            name, _, value = header.decode("latin1").partition(":")
            if name.lower() == "content-length":
                length = int(value)
        self.rfile.read(length)
        for name in parse_qs(urlsplit(line[1]).query).get("try", []):
            tell(name)
        self.wfile.write(ANSWER)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


def tell(name):
    os.write(1, f"{name}\n".encode())  # a single write keeps the lines of the threads whole


with Server(("127.0.0.1", 0), Witness) as server:
    with open(sys.argv[1] + ".new", "w") as file:
        print(server.server_address[1], file=file)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()
