const xray = require('aws-xray-sdk-core');

exports.handler = (event) => xray.captureAsyncFunc('pricing', async (subsegment) => {
  subsegment.addAnnotation('n', event.n);
  await new Promise((resolve) => setTimeout(resolve, 5));
  subsegment.close();
  return event.n * 2;
});
