import { MetricUnit, Metrics } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';

const metrics = new Metrics({ namespace: 'shop', serviceName: 'orders' });

export const handler = middy()
  .use(logMetrics(metrics, { captureColdStartMetric: true }))
  .handler(async (event) => {
    metrics.addDimension('customer', event.name);
    metrics.addMetric('ordered', MetricUnit.Count, event.n);
    return event.n;
  });
