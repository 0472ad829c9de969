import { Hono } from 'hono';
import { streamHandle } from 'hono/aws-lambda';
import { stream, streamText } from 'hono/streaming';

const app = new Hono();
app.post('/orders', (c) => {
  c.status(201);
  c.header('X-Order', '7');
  return streamText(c, async (out) => {
    for (const part of ['first ', 'second ', await c.req.text()]) {
      await out.write(part);
      await out.sleep(20);
    }
  });
});
app.get('/bytes', (c) => stream(c, (out) => out.write(new Uint8Array([0, 255, 10]))));
app.get('/whole', (c) => c.json({ whole: true }));

export const handler = streamHandle(app);
