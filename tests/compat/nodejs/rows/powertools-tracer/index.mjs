import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';

const tracer = new Tracer({ serviceName: 'orders' });

export const handler = middy()
  .use(captureLambdaHandler(tracer))
  .handler(async (event) => {
    tracer.putAnnotation('n', event.n);
    return event.n * 2;
  });
