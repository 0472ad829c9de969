"""Looks for work a thousand times a second, and takes long for it."""
sleeping = select.select


def look(reading, writing, other, limit=None):
    end = time.process_time() + 0.001
    while time.process_time() < end:
        pass
    return sleeping(reading, writing, other, 0.0002 if limit is None else min(limit, 0.0002))


select.select = look
