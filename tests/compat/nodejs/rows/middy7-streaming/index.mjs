import { Readable } from 'node:stream';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';

const bodies = {
  text: () => 'a text',
  readable: () => Readable.from(['one ', 'two']),
  web: () => new ReadableStream({
    start(controller) {
      controller.enqueue('web');
      controller.close();
    },
  }),
};

export const handler = middy({ executionMode: executionModeStreamifyResponse })
  .use({
    after: (request) => {
      request.response.headers['x-after'] = 'yes';
    },
  })
  .handler(async (event) => {
    if (event.fails) throw new TypeError('no such body');
    return { statusCode: 201, headers: { 'content-type': 'text/plain' }, body: bodies[event.body]() };
  });
