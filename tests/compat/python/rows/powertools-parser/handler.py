from aws_lambda_powertools.utilities.parser import BaseModel, event_parser


class Order(BaseModel):
    name: str
    n: int


@event_parser(model=Order)
def handler(event: Order, context):
    return {"name": event.name, "twice": event.n * 2}
