import dataclasses
import datetime
import decimal
import enum
import uuid


@dataclasses.dataclass
class Point:
    x: int


class Colour(enum.Enum):
    RED = 1


VALUES = {
    "decimal": decimal.Decimal("1.5"),
    "date": datetime.date(2026, 1, 1),
    "datetime": datetime.datetime(2026, 1, 1),
    "uuid": uuid.UUID(int=1),
    "set": {1},
    "dataclass": Point(1),
    "enum": Colour.RED,
}


def handler(event, context):
    return VALUES[event]
