"""Takes the deadline for seconds."""
run = run_handler


def run_handler(event, context):
    return run(event, {**context, "deadlineMs": 1000 * context.get("deadlineMs", 0)})
