const express = require('express');
const serverless = require('serverless-http');

const app = express();
app.use(express.json());
app.post('/orders', (request, response) => {
  console.log('asked for', request.path);
  response.status(201).cookie('seen', 'yes').json({ path: request.path, query: request.query, body: request.body });
});

exports.handler = serverless(app);
exports.cloudevents = (event, context) => exports.handler(event.data, context);
