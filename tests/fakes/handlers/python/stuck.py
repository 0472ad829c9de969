"""Never becomes ready. Writes the file $NOTE when the language runtime gets SIGTERM."""
import os
import signal
import sys
import time


def note(*_):
    with open(os.environ["NOTE"], "w", encoding="utf-8") as file:
        file.write("SIGTERM")
    sys.exit(0)


signal.signal(signal.SIGTERM, note)
time.sleep(60)


def handler(event, context):
    return event
