"""Looks for work all the time."""
sleeping = select.select


def look(reading, writing, other, limit=None):
    return sleeping(reading, writing, other, 0)


select.select = look
