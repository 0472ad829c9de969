"""Sets only the root of the trace id."""


def set_trace_id(task):
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if "traceId" in task.context:
        os.environ["_X_AMZN_TRACE_ID"] = task.context["traceId"].split(";")[0]
