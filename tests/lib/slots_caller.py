#!/usr/bin/env python3
"""Callers of several slots at once.

usage: slots_caller.py URL together EVENT…        one call for each event, all at once; prints for each "STATUS ERROR-TYPE BODY"
       slots_caller.py URL load CALLS CALLERS     unique events, each of which is its own answer; prints "lost N, crossed N, failed N"
"""
import http.client
import itertools
import json
import sys
import threading
import time
import urllib.parse

PATH = "/2015-03-31/functions/function/invocations"
url, mode, *arguments = sys.argv[1:]
host = urllib.parse.urlsplit(url).netloc


def call(event, limit=30):
    connection = http.client.HTTPConnection(host, timeout=limit)
    try:
        connection.request("POST", PATH, event)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Error-Type") or "-", answer.read().decode()
    finally:
        connection.close()


def each(items, work):
    threads = [threading.Thread(target=work, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def together(*events):
    answers = {}
    began = time.monotonic()
    each(range(len(events)), lambda index: answers.__setitem__(index, call(events[index])))
    for index in range(len(events)):
        print(*answers[index])
    with open("ms", "w") as file:
        file.write(str(int((time.monotonic() - began) * 1000)))


def is_busy(status, body):
    """No slot has asked for an event: the emulator does not wait for one."""
    return status == 400 and "Runtime.Unavailable" in body


def load(calls, callers):
    counts = dict(lost=0, crossed=0, failed=0)
    lock, numbers = threading.Lock(), itertools.count()

    def one(number):
        payload = f"payload-{number}-" + "x" * (number * 37 % 3000)
        event = json.dumps([{"response": payload}])
        for _ in range(3000):
            try:
                status, error, body = call(event)
            except Exception as why:
                print("lost", number, repr(why), file=sys.stderr)
                return "lost"
            if not is_busy(status, body):
                break
            time.sleep(0.005)
        if status == 200 and error == "-":
            try:
                return None if json.loads(body) == payload else "crossed"
            except ValueError:
                return "crossed"
        if "errorType" in body or error != "-":
            print("failed", number, status, error, body[:200], file=sys.stderr)
            return "failed"
        return "lost"

    def caller(_):
        while True:
            with lock:
                number = next(numbers)
            if number >= int(calls):
                return
            fate = one(number)
            if fate:
                with lock:
                    counts[fate] += 1

    each(range(int(callers)), caller)
    print(", ".join(f"{name} {count}" for name, count in counts.items()))


{"together": together, "load": load}[mode](*arguments)
