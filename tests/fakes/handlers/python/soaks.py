"""Obeys the event, and answers with it."""
import os
import signal
import subprocess
import time


class Soaked(Exception):
    pass


def handler(event, context):
    match event["do"]:
        case "fail":
            raise Soaked("m")
        case "exit":
            os._exit(3)
        case "dump":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "sleep":
            time.sleep(60)
        case "fork":
            subprocess.Popen(["sleep", "60"])
        case "shout":
            print("x" * 5000)
    return event
