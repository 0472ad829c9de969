import middy from '@middy/core';

export const handler = middy({ timeoutEarlyInMillis: 29_500, timeoutEarlyResponse: () => 'early' }).handler(async (event, context, { signal }) => {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, 20_000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return 'late';
});
