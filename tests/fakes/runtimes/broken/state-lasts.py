"""Loads the handler anew for each call."""
run = run_handler


def run_handler(event, context):
    return load_handler(sys.argv[1])(event, context) if handler.__name__ == "counts" else run(event, context)
