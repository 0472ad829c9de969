const { sendDistributionMetric } = require('datadog-lambda-js');

exports.handler = async (event) => {
  sendDistributionMetric('shop.orders', event.n, 'name:' + event.name);
  return 'done';
};
