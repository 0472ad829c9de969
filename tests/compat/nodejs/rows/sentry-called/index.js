const Sentry = require('@sentry/aws-serverless');

Sentry.init({ dsn: process.env.DSN, tracesSampleRate: 1 });

exports.handler = Sentry.wrapHandler(async (event) => {
  throw new RangeError('no stock for ' + event.name);
});
