import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';

const logger = new Logger({ serviceName: 'orders', logLevel: 'INFO' });

export const handler = middy()
  .use(injectLambdaContext(logger, { resetKeys: true }))
  .handler(async (event) => {
    logger.appendKeys({ customer: event.name });
    logger.debug('quiet');
    logger.info('taken', { n: event.n, nested: { list: [1, 2] } });
    logger.error('refused', new RangeError('too many'));
    return event.n;
  });
