"""usage: calls.py REQUEST_ID PORT <LOG: prints the calls that trace-http logged, without values that differ from run to run."""
import json
import sys

request_id, port = sys.argv[1:]
for line in sys.stdin:
    call = json.loads(line)
    assert call.pop("requestId") == request_id, line
    ms = call.pop("ms")
    assert isinstance(ms, (int, float)) and 0 <= ms < 60_000, line
    outcome = call.pop("status", None) or call.pop("error")
    print(call.pop("method"), call.pop("host").replace(port, "PORT"), call.pop("path"), outcome)
    assert not call, line
