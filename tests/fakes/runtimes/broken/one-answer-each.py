"""Answers the hundredth call twice."""
respond = write_response
count = 0


def write_response(task, result):
    global count
    count += 1
    respond(task, result)
    if count == 100:
        respond(task, result)
