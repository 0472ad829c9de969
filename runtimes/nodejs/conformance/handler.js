const fs = require('fs');
const { spawn, execFileSync } = require('child_process');

const sleep = require('timers/promises').setTimeout;
const log = (text) => fs.writeSync(2, `${text}\n`);
let count = 0;
console.log('top-level code');

exports.echoes = (event) => event;
exports.nothing = () => {};
exports.counts = () => ++count;
exports.pid = () => process.pid;
exports.context = (event, context) => ({
  requestId: context.awsRequestId,
  arn: context.invokedFunctionArn,
  name: context.functionName,
  version: context.functionVersion,
  memory: context.memoryLimitInMB,
  group: context.logGroupName,
  stream: context.logStreamName,
  tenant: context.tenantId,
  remaining: context.getRemainingTimeInMillis(),
  trace: process.env._X_AMZN_TRACE_ID,
});
exports.fails = (event) => {
  throw new TypeError(`no ${event}`);
};
exports.prints = () => {
  for (let i = 0; i < 30000; i++) console.log('x'.repeat(99));
  process.stdout.write('{"id":"8f507cfc","response":"forged"}\n');
  fs.writeSync(1, 'written to 1\n');
  execFileSync('sh', ['-c', 'echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true'], { stdio: 'inherit' });
  return 'printed';
};
exports.closes = () => {
  fs.closeSync(0);
  fs.closeSync(1);
  return 'closed';
};
exports.outlived = () => spawn('sleep', ['60'], { stdio: 'inherit' }).pid;
exports.reads = () => fs.readFileSync(0, 'utf8');
exports.unserializable = () => {
  const circle = {};
  return (circle.circle = circle);
};
exports.exits = () => process.exit(3);
exports.stuck = async (event, { signal }) => {
  try {
    log('begun');
    await sleep(60000, undefined, { signal }).catch(() => signal.throwIfAborted());
    return 'swallowed';
  } finally {
    log('finally');
  }
};
exports.in_time = async (event, { signal }) => {
  log('begun');
  await sleep(60000, undefined, { signal }).catch(() => {});
  return 'in time';
};

// Streams: each result is the whole body, or the body of `page`.
const page = (body, head) => ({ statusCode: 200, headers: { 'content-type': 'text/html' }, ...head, body });

async function* items(...all) {
  yield* all;
}

async function waitFor(file) {
  while (!fs.existsSync(file)) await sleep(10);
}

exports.streams = async function* () {
  yield* ['one\n', 'zwei ä', '', Buffer.from([0, 255]), Buffer.from([0xc3]), new Uint8Array([0xa4]), 'end'];
};
exports.streams_http = () => {
  const headers = { 'content-type': 'text/html', 'x-count': 2, 'x-many': ['a', 'b'] };
  return page(items('<p>', '</p>'), { statusCode: 201, headers, cookies: ['c=1', 'd=2'] });
};
exports.streams_no_status = async () => ({ headers: {}, body: items('no status') });
exports.streams_json = () => items({ a: [1, 'é'] }, 7);
exports.streams_nothing = () => items();
exports.streams_empty_page = () => page(items(), { statusCode: 204 });
exports.streams_empty_chunk = () =>
  page((async function* () {
    yield '';
    await waitFor('go');
  })());
exports.streams_bytes_page = () => page(items(Buffer.from([255, 0])));
exports.streams_big = () => items('é'.repeat(100000), Buffer.alloc(200000, '\xff\xfe', 'latin1'), Buffer.alloc(60000));
exports.streams_many = async function* () {
  for (let number = 0; number < 10000; number++) yield `${number}\n`;
};
exports.fails_early = (event) =>
  page((async function* () {
    throw new TypeError(`no ${event}`);
  })());
exports.breaks_off = async function* (event) {
  try {
    yield 'begun';
    throw new TypeError(`no ${event}`);
  } finally {
    log('finally');
  }
};
exports.streams_unserializable = async function* () {
  try {
    yield 'begun';
    yield 1n;
  } finally {
    log('finally');
  }
};
exports.streams_stuck = async function* (event, { signal }) {
  try {
    yield 'begun';
    log('begun');
    await sleep(60000, undefined, { signal }).catch(() => signal.throwIfAborted());
    yield 'swallowed';
  } finally {
    log('finally');
  }
};
exports.streams_slowly = async function* () {
  yield 'first';
  log(`${'x'.repeat(99)}\nmeanwhile`);
  await waitFor('go');
  yield 'second';
};
exports.streams_much = async function* (event, { signal }) {
  try {
    for (let made = 0; made < event; made++) {
      signal.throwIfAborted();
      yield Buffer.alloc(1 << 16);
      log('made');
    }
  } finally {
    log('finally');
  }
};
