import logging

from pydantic import BaseModel, ValidationError

logging.getLogger().setLevel("INFO")


class Order(BaseModel):
    name: str
    n: int


def handler(event, context):
    try:
        order = Order.model_validate(event)
    except ValidationError as error:
        return error.errors(include_url=False)
    logging.info("an order of %s", order.name)
    return order.model_dump()
