from datadog_lambda.metric import lambda_metric


def handler(event, context):
    lambda_metric("shop.orders", event["n"], tags=["name:" + event["name"]])
    return "done"
