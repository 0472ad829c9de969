"""Makes many items of a stream before it sends the first."""
one_by_one = Body


class Body(one_by_one):
    def __init__(self, task, items):
        super().__init__(task, ahead(items) if handler.__name__ == "streams_much" else items)


def ahead(items):
    made = []
    for item in items:
        made.append(item)
        if len(made) == 20:
            yield from made
            made.clear()
    yield from made
