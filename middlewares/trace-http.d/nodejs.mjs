// Companion of trace-http for Node.js: watches node:http, node:https and fetch. ms is the time to the response's headers.
import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const requestIds = new AsyncLocalStorage(); // calls of the handler may overlap
const { stringify } = JSON;
const { fetch } = globalThis;
const now = () => performance.now();

/** Begins to time a call. Returns a function that logs its outcome. Only the first call of that function logs. */
function watch() {
  const [requestId, began] = [requestIds.getStore(), now()];
  let isOver = false;
  return (method, url, outcome) => {
    if (isOver) return;
    isOver = true;
    const ms = Math.round((now() - began) * 1000) / 1000;
    try {
      const { host, pathname: path } = new URL(url); // without query, user and password
      writeSync(2, `${stringify({ requestId, method, host, path, ...outcome, ms })}\n`);
    } catch {
      // a missing line is better than a handler that fails because of logging
    }
  };
}

/** Watches the events of a request. It adds no listener: Node.js discards a response that has no listener. */
function watchRequest(request) {
  const tell = watch();
  const { emit } = request;
  request.emit = function (event, subject) {
    const outcome = describe(event, subject);
    if (outcome) tell(request.method, urlOf(request), outcome);
    return emit.apply(this, arguments);
  };
  return request;
}

function urlOf(request) {
  const { protocol, host, path } = request;
  return /^https?:/.test(path) ? path : `${protocol}//${request.getHeader('host') ?? host}${path}`; // whole in requests to a proxy
}

function describe(event, subject) {
  switch (event) {
    case 'response':
    case 'upgrade':
    case 'connect':
      return { status: subject.statusCode };
    case 'error':
      return { error: subject?.code ?? subject?.name };
  }
}

for (const library of [http, https]) {
  for (const name of ['request', 'get']) {
    const original = library[name];
    library[name] = function () {
      return watchRequest(original.apply(this, arguments));
    };
  }
}
syncBuiltinESMExports(); // for code that has `import { request }`

globalThis.fetch = async function (input, init) {
  const tell = watch();
  const [method, url] = [init?.method ?? input?.method ?? 'GET', input?.url ?? input];
  try {
    const response = await fetch.apply(this, arguments);
    tell(method, url, { status: response.status });
    return response;
  } catch (error) {
    tell(method, url, { error: error?.cause?.code ?? error?.name });
    throw error;
  }
};

/** Wraps the handler. The number of parameters stays the same, because a third parameter asks for a callback. */
export function wrap(handler) {
  const traced = function (event, context, ...more) {
    return requestIds.run(context.awsRequestId, () => handler.call(this, event, context, ...more));
  };
  return Object.defineProperty(traced, 'length', { value: handler.length });
}
