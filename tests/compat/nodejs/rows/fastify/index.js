const fastify = require('fastify');
const awsLambdaFastify = require('@fastify/aws-lambda');

const app = fastify();
app.post('/orders', async (request, reply) => {
  reply.code(201);
  return { path: request.routeOptions.url, query: request.query, body: request.body };
});

const proxy = awsLambdaFastify.default(app);
exports.handler = proxy;
exports.cloudevents = (event, context) => proxy(event.data, context);
