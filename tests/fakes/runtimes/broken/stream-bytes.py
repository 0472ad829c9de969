"""Makes text of all that is streamed."""
make_chunk = chunk


def chunk(task, piece):
    return make_chunk(task, piece.decode("utf-8", "replace").encode() if len(piece) < 3 else piece)
