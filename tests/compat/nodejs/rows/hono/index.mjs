import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';

const app = new Hono();
app.post('/orders', async (c) => {
  console.log('asked for', c.req.path);
  return c.json({ path: c.req.path, query: c.req.query(), body: await c.req.json() }, 201);
});

export const handler = handle(app);
export const cloudevents = (event, context) => handler(event.data, context);
