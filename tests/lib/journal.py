"""usage: journal.py FILE CONDITION: prints the lines for which the Python expression over their members is true."""
import json
import sys


class Members(dict):
    def __missing__(self, name):
        if hasattr(__builtins__, name):
            raise KeyError(name)
        return None


condition = compile(sys.argv[2], "CONDITION", "eval")
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        if line.endswith("\n") and eval(condition, {"json": json}, Members(json.loads(line))):
            print(line, end="")
