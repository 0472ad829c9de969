"""Writes the line feeds of messages as they are."""
describe = describe_error


def write_error(task, error):
    write('{"id":%s,"error":%s}\n' % (encode(task.call_id), encode(describe(error)).replace("\\n", "\n")))
