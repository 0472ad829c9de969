import middy from '@middy/core';
import cors from '@middy/http-cors';
import httpErrorHandler from '@middy/http-error-handler';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import validator from '@middy/validator';
import { transpileSchema } from '@middy/validator/transpile';

const schema = {
  type: 'object',
  required: ['body'],
  properties: { body: { type: 'object', required: ['count'], properties: { count: { type: 'integer', maximum: 100 } } } },
};

const order = async ({ body }) => {
  if (body.count === 13) throw Object.assign(new Error('unlucky'), { statusCode: 418, expose: true });
  return { statusCode: 201, body: JSON.stringify({ ordered: body.count }) };
};

export const handler = middy()
  .use(cors({ origin: 'https://shop.example' }))
  .use(httpErrorHandler())
  .use(httpJsonBodyParser())
  .use(validator({ eventSchema: transpileSchema(schema) }))
  .handler(order);

export const cloudevents = (event, context) => handler(event.data, context);
