import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

boto3.client("dynamodb").create_table(
    TableName="seen",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
calls = 0


@idempotent(persistence_store=DynamoDBPersistenceLayer(table_name="seen"), config=IdempotencyConfig(event_key_jmespath="name"))
def handler(event, context):
    global calls
    calls += 1
    return {"calls": calls}
