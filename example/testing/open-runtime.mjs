// For node:test: starts a handler under `open-runtime serve` on a free port, and stops it after the test `t`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** `const invoke = await serve(t, 'handler.hello', '--env', 'A=b')`; then `await invoke(event)` is `{ response, error }`. */
export async function serve(t, handler, ...options) {
  const command = ['serve', handler, '--port', '0', '--quiet', ...options];
  const child = spawn('open-runtime', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  t.after(() => (child.kill(), exit));
  const { value: address } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (!address) throw new Error('open-runtime serve has not started: see stderr');
  return async (event) => {
    const url = `${address}/2015-03-31/functions/function/invocations`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(event) });
    return { response: await answer.json(), error: answer.headers.get('x-amz-function-error') };
  };
}
