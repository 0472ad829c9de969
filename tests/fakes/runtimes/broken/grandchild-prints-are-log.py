"""Gives programs that user code starts /dev/null as their STDOUT."""
system = os.system
os.system = lambda command: system(f"exec >/dev/null; {command}")
