"""Keeps a trace id as long as each call has one."""


def set_trace_id(task):
    if "traceId" in task.context:
        os.environ.setdefault("_X_AMZN_TRACE_ID", task.context["traceId"])
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
