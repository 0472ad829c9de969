import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './open-runtime.mjs';

test('it greets', async (t) => {
  const hello = await serve(t, 'handler.hello', '--task-root', '..');
  const { response, error } = await hello({ name: 'Ada' });
  assert.deepEqual(response, { message: 'Hello, Ada!', event: 'free-form JSON' });
  assert.equal(error, null);
});

test('a handler that fails is an answer', async (t) => {
  const missing = await serve(t, 'handler.missing', '--task-root', '..');
  const { response, error } = await missing({});
  assert.equal(error, 'Unhandled');
  assert.match(response.errorType, /^Runtime\./);
});
