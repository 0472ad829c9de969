import { SqsSchema } from '@aws-lambda-powertools/parser/schemas';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas/sqs';
import { z } from 'zod';

const Order = z.object({ n: z.number().positive() });
const Queue = SqsSchema.extend({ Records: z.array(SqsRecordSchema.extend({ body: JSONStringified(Order) })) });

export const handler = async (event) => Queue.parse(event).Records.map(({ body }) => body.n);
