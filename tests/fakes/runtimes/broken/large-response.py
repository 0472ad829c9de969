"""Has room for a text of 4 MB."""


def write_response(task, result):
    json = marshal(result)
    if len(json) > 4 << 20 and isinstance(result, str):
        raise Failure("Runtime.MarshalError", "the response is too large")
    write('{"id":%s,"response":%s}\n' % (encode(task.call_id), json))
