"""Answers with an empty object if the handler returns nothing."""
respond = write_response


def write_response(task, result):
    respond(task, {} if result is None and handler.__name__ == "nothing" else result)
