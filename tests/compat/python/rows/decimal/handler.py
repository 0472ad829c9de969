from decimal import Decimal


def handler(event, context):
    return {"price": Decimal("1.5"), "text": "äöü €", "pair": (1, 2), "keys": {1: "one", None: "none"}}
