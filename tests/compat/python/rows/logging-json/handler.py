import logging
import logging.config
import warnings

logging.warning("in Init: %s", "ü")
mine = logging.getLogger("mine")
mine.setLevel(logging.DEBUG)


class Odd:
    def __str__(self):
        return "odd"


def handler(event, context):
    print("printed")
    logging.debug("debug")
    logging.info("info")
    logging.warning("%s and %d", "several", 3)
    mine.info("of mine\nin two lines")
    logging.error("extra", extra={"customer": {"id": 7}, "odd": Odd(), "tags": {1}})
    logging.error({"a": "mapping"})
    try:
        {}["missing"]
    except KeyError:
        logging.exception("caught")
    logging.error("where", stack_info=False)
    logging.captureWarnings(True)
    logging.log(35, "a level of its own")
    logging.basicConfig(level=logging.INFO)
    logging.info("basicConfig changes nothing")
    own = logging.StreamHandler()
    own.setFormatter(logging.Formatter("own: %(message)s"))
    other = logging.getLogger("other")
    other.propagate = False
    other.addHandler(own)
    other.error("to a handler of its own")
    return "ok"
