'use strict';
// Replaces the native part of AWS's clients, which `npm ci --ignore-scripts` does not build: node --require native.cjs.
// A thread sends HTTP to the Runtime API. As with the native part, an answer blocks until it is posted, and only the wait for
// the next event keeps the event loop running.
const { parentPort, workerData, Worker } = require('worker_threads');

if (workerData instanceof Int32Array) serve();
else intercept(); // also in the threads of module hooks, which load it too

function intercept() {
  const Module = require('module');
  const load = Module._load;
  let native;
  Module._load = function (request, ...rest) {
    if (request === './rapid-client.node') return (native ??= start());
    return load.call(this, request, ...rest);
  };
}

function start() {
  const posted = new Int32Array(new SharedArrayBuffer(4));
  const { AWS_LAMBDA_RUNTIME_API } = process.env;
  const worker = new Worker(__filename, { workerData: posted, execArgv: [], env: { AWS_LAMBDA_RUNTIME_API } });
  const { postMessage } = worker;
  const post = (path, body, headers) => {
    Atomics.store(posted, 0, 0);
    postMessage.call(worker, { method: 'POST', path, body, headers: { 'Content-Type': 'application/json', ...headers } });
    Atomics.wait(posted, 0, 0);
  };
  worker.unref();
  return {
    next: () => new Promise((resolve) => {
      worker.ref();
      worker.once('message', (message) => {
        worker.unref();
        resolve(message);
      });
      postMessage.call(worker, { method: 'GET', path: 'next' });
    }),
    done: (id, body) => post(`${id}/response`, body),
    error: (id, body, cause) => post(`${id}/error`, body, {
      'Lambda-Runtime-Function-Error-Type': JSON.parse(body).errorType ?? 'Unhandled',
      ...(cause.length <= 10000 && { 'Lambda-Runtime-Function-XRay-Error-Cause': cause }),
    }),
  };
}

function serve() {
  const http = require('http');
  const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
  const agent = new http.Agent({ keepAlive: true });
  parentPort.on('message', ({ method, path, body, headers = {} }) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const request = http.request(base + path, { method, agent, headers: { ...headers, ...length } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => (method === 'GET' ? parentPort.postMessage({ bodyJson: text, headers: response.headers }) : release()));
    });
    request.on('error', () => process.exit(1)); // the Runtime API closed the connection
    request.end(body);
  });
  const release = () => {
    Atomics.store(workerData, 0, 1);
    Atomics.notify(workerData, 0);
  };
}
