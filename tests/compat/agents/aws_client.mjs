// Starts AWS's client for Node.js as a managed runtime does. Its native part, which need not be built then, is played: it asks
// for events and answers them, over sockets of its own, as agents watch those of Node.js's http.
import Module, { createRequire } from 'module';
import { pathToFileURL } from 'url';

const { connect } = createRequire(import.meta.url)('net');
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const load = Module._load;
let last; // what was posted, and has not been answered

Module._load = function (name, ...others) {
  return name.endsWith('rapid-client.node') ? native : load.call(this, name, ...others);
};

const native = {
  async next() {
    await last;
    const { headers, body } = await exchange('GET', 'next');
    return { bodyJson: body, headers };
  },
  done: (id, body) => (last = exchange('POST', `${id}/response`, body)),
  error: (id, body) => (last = exchange('POST', `${id}/error`, body)),
  initializeClient() {},
};

function exchange(method, path, body = '') {
  const head = `${method} /2018-06-01/runtime/invocation/${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close`;
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = connect(Number(port), host);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => resolve(parse(Buffer.concat(chunks).toString())));
    socket.write(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}

function parse(text) {
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end).split('\r\n').slice(1);
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/)).map(([name, value]) => [name.toLowerCase(), value]));
  return { headers, body: text.slice(end + 4) };
}

const { run } = await import(pathToFileURL(`${process.env.AWS_CLIENT}/dist/index.mjs`));
await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
