import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

await new DynamoDBClient().send(new CreateTableCommand({
  TableName: 'seen',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
}));
let calls = 0;

export const handler = makeIdempotent(async () => ({ calls: ++calls }), {
  persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'seen' }),
  config: new IdempotencyConfig({ eventKeyJmesPath: 'name' }),
});
