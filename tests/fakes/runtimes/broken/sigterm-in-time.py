"""Reports a timeout though the handler has answered in time."""
take, respond = take_sigterm, write_response
was_taken = False


def take_sigterm():
    global was_taken
    was_taken = bool(tasks)
    take()


def write_response(task, result):
    if was_taken:
        raise FunctionTimeout
    respond(task, result)
