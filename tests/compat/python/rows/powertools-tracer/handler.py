from aws_lambda_powertools import Tracer

tracer = Tracer(service="orders")


@tracer.capture_method
def price(n):
    tracer.put_annotation("n", n)
    return n * 2


@tracer.capture_lambda_handler
def handler(event, context):
    return price(event["n"])
