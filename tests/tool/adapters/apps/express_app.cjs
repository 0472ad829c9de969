// An Express application behind serverless-http.
const express = require('express');
const serverless = require('serverless-http');

const app = express();
app.use(express.raw({ type: () => true, limit: '10mb' }));
app.get('/binary', (request, response) => {
  response.type('application/octet-stream').send(Buffer.from([0, 255, 254]));
});
app.use((request, response) => {
  response.append('X-Multi', 'one').append('X-Multi', 'two');
  response.cookie('a', 'b').cookie('c', 'd');
  response.status(201).json({
    method: request.method,
    path: decodeURIComponent(request.path),
    query: [...new URL(request.originalUrl, 'http://host').searchParams],
    cookies: Object.fromEntries((request.headers.cookie || '').split('; ').filter(Boolean).map((pair) => pair.split('='))),
    probe: request.headers['x-probe'],
    body: Buffer.isBuffer(request.body) ? request.body.toString('base64') : '',
  });
});

exports.handler = serverless(app, { binary: ['application/octet-stream'] });
