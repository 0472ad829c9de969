#!/usr/bin/env python3
"""Takes a log for each connection to a socket, as Lambda does on Managed Instances. usage: log_sockets.py SOCKET

The Nth connection's log is in the file SOCKET-N.
"""
import os
import socket
import sys
import threading

path = sys.argv[1]


def keep(connection, number):
    with open(f"{path}-{number}", "wb", buffering=0) as file:
        while piece := connection.recv(65536):
            file.write(piece)


listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
listener.listen(64)
os.rename(path + ".new", path)
number = 0
while True:
    connection, _ = listener.accept()
    number += 1
    threading.Thread(target=keep, args=(connection, number), daemon=True).start()
