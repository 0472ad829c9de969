from aws_lambda_powertools import Logger

logger = Logger(service="orders")


@logger.inject_lambda_context(log_event=True, correlation_id_path="name")
def handler(event, context):
    logger.append_keys(n=event["n"])
    logger.info("an order")
    try:
        raise ValueError("no stock")
    except ValueError:
        logger.exception("failed")
    return "done"
