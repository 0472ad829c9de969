"""Answers for user code that exits, and goes on."""
run = run_handler


def run_handler(event, context):
    try:
        return run(event, context)
    except SystemExit as error:
        return error.code
