try:
    import orjson
except ImportError:
    orjson = None
import logging

logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    logging.info("has orjson: %s", orjson is not None)
    return orjson.loads(orjson.dumps({"event": event, "dates": [1, 2.5]}))
