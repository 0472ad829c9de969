"""Leaves the language's own output on the protocol."""
run = run_handler


def run_handler(event, context):
    if handler.__name__ == "prints":
        sys.stdout = os.fdopen(os.dup(to_bootstrap), "w", buffering=1)
    return run(event, context)
