"""usage: metric.py HOOK REQUEST_ID MS <LINE: the line is a metric of log-duration, of at least this many milliseconds.

As https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
has it.
"""
import json
import sys
import time

hook, request_id, ms = sys.argv[1:]
line = json.loads(sys.stdin.read())
metadata = line["_aws"]
assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}, metadata
assert type(metadata["Timestamp"]) is int and abs(metadata["Timestamp"] - time.time() * 1000) < 60_000, metadata
(directive,) = metadata["CloudWatchMetrics"]
assert set(directive) == {"Namespace", "Dimensions", "Metrics"}, directive
assert directive["Namespace"] == "OpenRuntime", directive
assert directive["Dimensions"] == [["FunctionName"]] and line["FunctionName"] == "function", line
assert directive["Metrics"] == [{"Name": "Duration", "Unit": "Milliseconds"}], directive
assert type(line["Duration"]) is int and int(ms) <= line["Duration"] < 60_000, line
assert line["hook"] == hook and line["requestId"] == request_id, line
