import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';

const processor = new BatchProcessor(EventType.SQS);

const take = async (record) => {
  console.log('took', record.messageId);
  if (JSON.parse(record.body).refuse) throw new Error('refused');
};

export const handler = (event, context) => processPartialResponse(event, take, processor, { context, throwOnFullBatchFailure: false });
