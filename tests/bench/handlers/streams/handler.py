CHUNK = b"x" * 65536


def stream(event, context):
    for _ in range(event):
        yield CHUNK
