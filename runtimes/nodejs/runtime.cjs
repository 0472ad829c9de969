'use strict';
// Language runtime for Node.js: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).
//
// A blocking read is the fastest way to the next line, and it is safe while the event loop has nothing else to do. As soon as
// the event loop has work (a handler that waits, a timer, an open connection), all further lines come through the event loop.
const fs = require('fs');
const path = require('path');
const { env } = process;
const { parse, stringify } = JSON; // kept here and below, because user code may replace them
const { readSync, writeSync } = fs;

const FROM_BOOTSTRAP = 8;
const TO_BOOTSTRAP = 9;
const LOG = 2;
const CONCURRENCY = 64;
const CHUNK = 1 << 16; // bytes: the capacity of a pipe
const CALLS_PER_TURN = 64; // blocking reads before the event loop gets a turn, even if it seems to have no work
const HOOK_MS = 10000; // as on Lambda, after a restore
const HAS_DONE = Number(process.versions.node.split('.')[0]) < 24; // as in AWS's clients
const GRACE_MS = Number(env.SLSGRACE ?? 0); // bootstrap sets and checks it

const input = { bytes: Buffer.allocUnsafeSlow(CHUNK), start: 0, searched: 0, end: 0, hasEnded: false };
const output = Buffer.allocUnsafeSlow(3 * CHUNK); // for what is written: a character takes at most three bytes
const calls = new Map(); // the calls that are not answered yet, by id
const settled = []; // the calls whose answer goes out after the event loop's next turn
const nothing = () => {};
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming'); // as in AWS's client
const WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const { asyncIterator: ASYNC_ITERATOR } = Symbol;
const W3C = ['traceparent', 'tracestate', 'baggage'];
let handler;
let takesCallback; // whether the handler has a third parameter
let mayUseDone; // whether the handler's source names context.done, succeed or fail
let isReady = false;
let isTerminated = false; // whether SIGTERM came
let latest; // the call that was begun last
let storage; // an AsyncLocalStorage of calls, made when two calls first overlap
let socket; // a net.Socket on FROM_BOOTSTRAP, made when lines first come through the event loop
let queue; // a net.Socket on TO_BOOTSTRAP, made for the first stream; from then on each line is written through it
let runHandler = run;

/** Imports the handler that `src/users.create` or `index.api.handler` names. */
async function loadHandler(name) {
  const [, folder = '', module, names] = /^(.*\/)?([^./]+)\.([^/]+)$/.exec(name) ?? [];
  if (!names || name.includes('..')) {
    throw failure('Runtime.MalformedHandlerName', `'${name}' is not of the form [folder/]file.function, without '..'`);
  }
  const wrap = env.SLSCOMPANIONS && (await require('./companions.cjs').load(importModule));
  const file = findModule(folder, module);
  const exported = await importModule(file).catch((error) => {
    throw require('./failures.cjs').ofImport(error, file);
  });
  handler = lookUp(exported, names) ?? lookUp(exported?.default, names);
  if (typeof handler !== 'function') {
    const problem = handler === undefined ? 'undefined or not exported' : `${typeof handler}, not a function`;
    const exports = Object.keys(exported ?? {}).join(', ') || 'nothing';
    throw failure('Runtime.HandlerNotFound', `${names} is ${problem}: ${file} exports ${exports}`);
  }
  takesCallback = handler.length >= 3; // before companions wrap it
  mayUseDone = HAS_DONE && /\b(done|succeed|fail)\b/.test(Function.prototype.toString.call(handler));
  const mark = handler[STREAMING];
  if (wrap) handler = await wrap(handler);
  if (mark || handler[STREAMING]) streamResponses(mark ?? handler[STREAMING]);
}

/** From now on, the handler is called with a stream. Its wrapper need not have its mark. */
function streamResponses(mark) {
  if (mark !== 'response') throw failure('Runtime.MalformedStreamingHandler', `only a response can be streamed, not '${String(mark)}'`);
  const streams = loadStreams();
  runHandler = (call, event) => streams.run(call, handler, event, handler[WATER_MARK]);
}

function loadStreams() {
  const streams = require('./streams.cjs');
  queue ??= streams.open(TO_BOOTSTRAP, { writeResponse, describeError, failure, log });
  return streams;
}

/** AWS's global object. What a preloaded module has put there stays. */
function defineAwslambda() {
  if (/^(1|true)$/.test(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  class HttpResponseStream {
    static from(stream, prelude) {
      return loadStreams().withPrelude(stream, prelude);
    }
  }
  const streamifyResponse = (handler, options) => {
    handler[STREAMING] = 'response';
    if (typeof options?.highWaterMark === 'number') handler[WATER_MARK] = Math.trunc(options.highWaterMark);
    return handler;
  };
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

function lookUp(exported, names) {
  return names.split('.').reduce((value, key) => value?.[key], exported);
}

/** Looks for the file as AWS does. A package in node_modules or in a layer can be the module, too. */
function findModule(folder, module) {
  const base = path.resolve(folder, module);
  const places = ['.js', '.mjs', '.cjs', ''].map((extension) => base + extension);
  const file = places.find((place) => fs.statSync(place, { throwIfNoEntry: false })?.isFile());
  if (file) return file;
  try {
    return require.resolve(module, { paths: [process.cwd(), path.resolve(folder)] });
  } catch {
    const looked = `looked for ${places.slice(0, 3).join(', ')}, and for a package of that name`;
    throw failure('Runtime.ImportModuleError', `cannot find module '${module}': ${looked}`);
  }
}

async function importModule(file) {
  if (!isModule(file)) {
    try {
      return require(file); // starts 10 ms sooner than import()
    } catch (error) {
      if (!/^ERR_REQUIRE_(ESM|ASYNC_MODULE)$/.test(error?.code)) throw error;
    }
  }
  return import(require('url').pathToFileURL(file));
}

function isModule(file) {
  if (!file.endsWith('.js')) return file.endsWith('.mjs');
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT' || folder === '/') return false;
    }
  }
}

/** Returns the next complete line, or undefined if there is none yet. */
function readEvent() {
  const feed = findFeed(input);
  if (feed === -1) {
    input.searched = input.end;
    return undefined;
  }
  const line = input.bytes.toString('utf8', input.start, feed);
  input.start = input.searched = feed + 1;
  if (input.start === input.end) {
    // A long line may be followed by others: the buffer stays large until a short line comes.
    if (input.bytes.length > 16 * CHUNK && input.end < CHUNK) input.bytes = Buffer.allocUnsafeSlow(CHUNK);
    input.start = input.searched = input.end = 0;
  }
  return line;
}

/** Returns where the next line feed is, or -1. What is behind the end of a small buffer is searched, too: that is faster than a view. */
function findFeed({ bytes, searched, end }) {
  const last = bytes.length > CHUNK ? bytes.subarray(0, end) : bytes;
  const feed = last.indexOf(10, searched);
  return feed < end ? feed : -1;
}

/** Makes room for a chunk. The buffer grows fourfold, so that a line of any length is copied about once. */
function makeRoom(size) {
  const { bytes, start, searched, end } = input;
  if (end + size <= bytes.length) return;
  input.bytes = Buffer.allocUnsafeSlow(4 * (end - start) + size);
  bytes.copy(input.bytes, 0, start, end);
  Object.assign(input, { start: 0, searched: searched - start, end: end - start });
}

/** Begins one call. An AsyncLocalStorage tells overlapping calls apart; other calls do not pay for it. */
function callHandler(line) {
  let message;
  try {
    message = parse(line);
  } catch (error) {
    return refuse(line, error);
  }
  const { id, event, context = {}, hook } = message;
  if (hook) return runHook(id, hook);
  const call = makeCall(id, context);
  calls.set(id, call);
  latest = call;
  setTraceId(context.traceId);
  socket?.unref();
  if (call.isDebugged) return debug(call, event, context.debug);
  begin(call, event);
}

/** SnapStart: runs the listeners for a hook, one after the other. Before the snapshot, the one that was added last is the first. */
async function runHook(id, hook) {
  const call = (latest = makeCall(id, { deadlineMs: Date.now() + HOOK_MS }));
  call.isPromise = true;
  calls.set(id, call);
  socket?.unref();
  const listeners = hook === 'before-snapshot' ? process.listeners('beforeSnapshot').reverse() : process.listeners('afterRestore');
  try {
    for (const listener of listeners) await listener.call(process);
    settle(call, () => writeResponse(call, 'response', 'null'));
  } catch (error) {
    settle(call, () => fail(call, error));
  }
  latest = undefined; // its deadline says nothing about a SIGTERM that comes after it
}

function makeCall(id, context) {
  return {
    id,
    context: new Context(context),
    deadlineMs: context.deadlineMs,
    isStored: calls.size > 0, // whether it runs in the storage
    isPromise: false,
    waits: false, // whether its answer waits until the event loop is empty
    isAnswered: false,
    isDebugged: Boolean(context.debug),
    mayStream: context.stream === true,
    takesBytes: context.bytes === true, // a stream's, between its lines
    outcome: undefined,
    stream: undefined, // the ResponseStream that answers it
  };
}

function setTraceId(traceId) {
  if (traceId) env._X_AMZN_TRACE_ID = traceId;
  else delete env._X_AMZN_TRACE_ID;
}

function begin(call, event) {
  if (!call.isStored) return runHandler(call, event);
  storage ??= new (require('async_hooks').AsyncLocalStorage)();
  storage.run(call, runHandler, call, event);
}

/** Begins the call when its debugger has attached, or when the wait for it has ended. */
async function debug(call, event, target) {
  await require('./debugger.cjs').attach(target, call.deadlineMs, handler, log);
  begin(call, event);
}

/** Answers a line that JavaScript cannot parse. The protocol says that its id comes first. */
function refuse(line, error) {
  const [, id] = /^\{"id":"([^"]*)"/.exec(line) ?? [];
  if (id === undefined) return log('ERROR', 'a line from bootstrap has no id:', error);
  fail({ id }, failure('Runtime.UnmarshalError', `cannot read the event: ${error.message}`));
}

function run(call, event) {
  const succeeded = (result) => settle(call, () => succeed(call, result));
  const failed = (error) => settle(call, () => fail(call, error));
  const callback = (error, result) => {
    call.waits = call.context.callbackWaitsForEmptyEventLoop;
    if (error == null) succeeded(result);
    else failed(error);
  };
  const done = (error, result) => {
    call.context.callbackWaitsForEmptyEventLoop = false;
    callback(error, result);
  };
  if (HAS_DONE) Context.offer(call.context, done);
  try {
    const result = handler(event, call.context, callback);
    call.isPromise = typeof result?.then === 'function';
    if (call.isPromise) result.then(succeeded, failed);
    else if (!takesCallback && !(mayUseDone && result === undefined) && !call.outcome) succeeded(result);
  } catch (error) {
    failed(error);
  }
}

const {
  AWS_LAMBDA_FUNCTION_NAME: functionName,
  AWS_LAMBDA_FUNCTION_VERSION: functionVersion,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryLimitInMB,
  AWS_LAMBDA_LOG_GROUP_NAME: logGroupName,
  AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
} = env;

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html, and `signal`. V8 puts a function that is written where a member is
 * set into the old heap, which keeps all that it refers to in memory for long. So each function is a constant first.
 */
class Context {
  #controller;

  constructor({ requestId, deadlineMs = 0, functionArn, traceId, clientContext, identity, tenantId }) {
    this.awsRequestId = requestId;
    this.invokedFunctionArn = functionArn;
    this.clientContext = clientContext;
    this.identity = identity;
    this.tenantId = tenantId;
    this.xRayTraceId = traceId;
    this.callbackWaitsForEmptyEventLoop = true;
    const getRemainingTimeInMillis = () => Math.max(0, deadlineMs - Date.now());
    this.getRemainingTimeInMillis = getRemainingTimeInMillis;
    this.functionName = functionName;
    this.functionVersion = functionVersion;
    this.memoryLimitInMB = memoryLimitInMB;
    this.logGroupName = logGroupName;
    this.logStreamName = logStreamName;
  }

  /** An AbortSignal. SIGTERM aborts it, shortly before the deadline. */
  get signal() {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** The W3C trace context that came with the client context. AWS's client for Node.js leaves it there alone, so it stays there. */
  w3c() {
    const given = this.clientContext?.w3c;
    return Object.fromEntries(W3C.filter((name) => typeof given?.[name] === 'string').map((name) => [name, given[name]]));
  }

  /** Adds the functions by which handlers answered before callbacks. Wrappers replace and copy them, so they are own members. */
  static offer(context, done) {
    const succeed = (result) => done(null, result);
    const fail = (error) => done(error ?? 'handled');
    context.done = done;
    context.succeed = succeed;
    context.fail = fail;
  }

  static abort(context, reason) {
    context.#controller ??= new AbortController();
    context.#controller.abort(reason);
  }
}

/** The first outcome counts. As on AWS, it is sent after the event loop's next turn, so that an unhandled rejection wins. */
function settle(call, outcome) {
  call.outcome ??= outcome;
  if (call.waits && !call.isPromise) return; // onEmpty sends it
  settled.push(call);
  if (socket) setImmediate(tellOutcomes);
}

function tellOutcomes() {
  for (let count = settled.length; count > 0; count--) settled.shift().outcome();
}

function succeed(call, result) {
  if (typeof result === 'object' && result !== null && isStream(result)) return sendStream(call, result);
  let json;
  try {
    json = stringify(result) ?? 'null';
  } catch (error) {
    const message = `cannot turn the handler's result into JSON: ${error?.message ?? error}`;
    return fail(call, failure('Runtime.MarshalError', message));
  }
  writeResponse(call, 'response', json);
}

/** Whether the result is a stream, or a response whose body is one. Objects that say what their JSON is are none. */
function isStream(result) {
  return (hasItems(result) || hasItems(result.body)) && typeof result.toJSON !== 'function';
}

function hasItems(value) {
  return typeof value === 'object' && value !== null && value[ASYNC_ITERATOR] !== undefined;
}

function sendStream(call, result) {
  call.outcome = undefined;
  const { send } = loadStreams();
  if (storage) storage.run(call.isStored ? call : undefined, send, call, result);
  else send(call, result);
}

function fail(call, error) {
  if (call.stream) call.stream.fail(error);
  else writeResponse(call, 'error', describeError(error));
}

/** Answers a call once. Later answers are dropped. */
function writeResponse(call, member, json) {
  if (call.isAnswered) return;
  call.isAnswered = true;
  call.outcome = nothing; // the old one keeps the result in memory
  if (call.isDebugged) require('./debugger.cjs').release(); // before the answer goes out, after which Lambda may freeze us
  const head = `{"id":${stringify(call.id)},"${member}":`;
  if (queue) return queue.write(`${head}${json}}\n`, () => close(call));
  if (json.length > CHUNK) writeLong(head, json);
  else writeLine(TO_BOOTSTRAP, `${head}${json}}\n`);
  close(call);
}

function close(call) {
  calls.delete(call.id);
  if (calls.size > 0) return;
  socket?.ref();
  if (input.hasEnded) end();
}

/** Writes a long answer in parts, through one buffer: to join it, and to encode all of it, would make two more copies. */
function writeLong(head, json) {
  writeLine(TO_BOOTSTRAP, head);
  for (let start = 0, end; start < json.length; start = end) {
    end = start + CHUNK;
    if ((json.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--; // keeps surrogate pairs together
    writeBytes(TO_BOOTSTRAP, output, output.write(json.slice(start, end)));
  }
  writeLine(TO_BOOTSTRAP, '}\n');
}

function writeLine(descriptor, line) {
  if (line.length <= CHUNK) return writeBytes(descriptor, output, output.write(line));
  const bytes = Buffer.from(line);
  writeBytes(descriptor, bytes, bytes.length);
}

/** Blocks until all of it is written. */
function writeBytes(descriptor, bytes, size) {
  for (let written = 0; written < size; ) {
    try {
      written += writeSync(descriptor, bytes, written, size - written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // ms
    }
  }
}

function describeError(error) {
  return stringify(require('./failures.cjs').describe(error));
}

function failure(...all) {
  return new (require('./failures.cjs').Failure)(...all);
}

/** The functions of console. They do not load the streams that Node.js's own console needs. */
function log(level, ...values) {
  const { context } = storage?.getStore() ?? latest ?? {};
  const line = require('./logs.cjs').line(context, level, values);
  try {
    if (line) writeLine(LOG, line);
  } catch {
    // user code has closed its stderr
  }
}

/** Fails the call that an uncaught error belongs to. */
function onUncaught(error) {
  if (!isReady) return endInit(error);
  const current = storage?.getStore();
  const affected = [...calls.values()].filter((call) => (current ? call === current : !call.isStored));
  if (affected.length === 0) log('ERROR', 'uncaught error that belongs to no invocation:', error);
  for (const call of affected) fail(call, error);
}

function onRejection(reason) {
  const { errorType, errorMessage } = require('./failures.cjs').describe(reason);
  onUncaught(failure('Runtime.UnhandledPromiseRejection', `${errorType}: ${errorMessage}`, reason?.stack));
}

/** The event loop is empty, so nothing can settle an open call any more. */
function onEmpty() {
  const never = (what) => failure('Runtime.NodejsExit', `${what} waits for a promise that nothing can settle any more`);
  if (!isReady) return endInit(never('a top-level await'));
  for (const call of calls.values()) {
    if (call.stream) call.stream.onEmpty(never('the handler'));
    else if (call.isPromise) fail(call, never('the handler'));
    else (call.outcome ?? (() => succeed(call)))(); // AWS takes a callback that was not called as null
  }
}

/** Handles SIGTERM. During a call it means that little time is left, and between calls that the Shutdown phase has begun. */
function onTerminate() {
  isTerminated = true;
  if (calls.size === 0) return isLate() ? undefined : end();
  const left = Math.max(0, latest.deadlineMs - Date.now());
  log('WARN', `${left} ms are left, and the event loop is busy with`, process.getActiveResourcesInfo());
  for (const { context } of calls.values()) {
    Context.abort(context, failure('Function.Timeout', `the handler was still running ${left} ms before its deadline`));
  }
}

/** User code ends the process. bootstrap reports the exit, but only this process knows where it was called. */
function onExit(status) {
  const error = new Error(`process.exit(${status}) was called`);
  if (!isReady) endInit(failure('Runtime.ExitError', error.message, error.stack));
  if (calls.size > 0 && !input.hasEnded) log('ERROR', error);
}

function endInit(error) {
  process.off('exit', onExit);
  writeLine(TO_BOOTSTRAP, `{"error":${describeError(error)}}\n`);
  process.exit(1);
}

/** The loop of blocking reads, while user code has no work for the event loop. The event loop gets a turn now and then. */
function next() {
  tellOutcomes();
  for (let turn = 0; turn < CALLS_PER_TURN; turn++) {
    if (calls.size > 0 || process.getActiveResourcesInfo().length > 0) return listen();
    do {
      const size = readChunk();
      if (size === undefined) return listen();
      if (size === 0) return onEnd();
    } while (!callAll());
    process._tickCallback(); // runs promises and process.nextTick, as between two callbacks of the event loop
    tellOutcomes();
    if (isLate()) break;
  }
  setImmediate(next);
}

/**
 * Whether the latest call ended so late that a SIGTERM for it may have come. It must be handled before the next call begins, or
 * that call would be aborted.
 */
function isLate() {
  return latest?.deadlineMs - Date.now() <= GRACE_MS;
}

/** Calls the handler with every complete line. Returns false if there is none. */
function callAll() {
  let line = readEvent();
  const any = line !== undefined;
  for (; line !== undefined; line = readEvent()) callHandler(line);
  return any;
}

/** Blocks until bootstrap writes something. Returns 0 at the end of file, or undefined if the descriptor does not block. */
function readChunk() {
  makeRoom(CHUNK);
  try {
    const size = readSync(FROM_BOOTSTRAP, input.bytes, input.end, CHUNK);
    input.end += size;
    return size;
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
    return undefined;
  }
}

/** From now on lines come through the event loop. The socket does not keep the event loop alive while calls are open. */
function listen() {
  socket = new (require('net').Socket)({ fd: FROM_BOOTSTRAP, readable: true, writable: false });
  socket.on('end', onEnd);
  socket.on('data', (chunk) => {
    makeRoom(chunk.length);
    input.end += chunk.copy(input.bytes, input.end);
    if (isLate()) setImmediate(callAll);
    else callAll();
  });
  if (calls.size > 0) socket.unref();
}

/** STDIN has ended: no more calls come, and open calls may finish. Two turns of the event loop let a pending SIGTERM come first. */
function onEnd() {
  input.hasEnded = true;
  if (calls.size === 0) setImmediate(setImmediate, end);
}

/** Ends the process, unless user code has a listener to the SIGTERM that came: that may finish its work. */
function end() {
  if (!isTerminated || process.listenerCount('SIGTERM') === 1) process.exit(0);
}

/** Adds the modules of layers and of AWS's image to NODE_PATH, as AWS does. A NODE_PATH of the user's stays as it is. */
function findLayers() {
  const own = `${env.LAMBDA_RUNTIME_DIR || '/var/runtime'}`;
  if (env.NODE_PATH || !(fs.existsSync('/opt/nodejs') || fs.existsSync(`${own}/node_modules`))) return;
  const [major] = process.versions.node.split('.');
  env.NODE_PATH = `/opt/nodejs/node${major}/node_modules:/opt/nodejs/node_modules:${own}/node_modules:${own}`;
  module.constructor._initPaths();
}

function ready() {
  warmUp();
  isReady = true;
  process.on('SIGTERM', onTerminate);
  const { node: version } = process.versions;
  writeLine(TO_BOOTSTRAP, `${stringify({ ready: { protocol: 1, name: 'nodejs', version, concurrency: CONCURRENCY, hooks: true } })}\n`);
  next();
}

/** Answers a call of its own in Init, without writing, because the first run of a function compiles it. */
function warmUp() {
  const given = { handler, runHandler };
  handler = async (event) => event;
  runHandler = run;
  const traceId = stringify(env._X_AMZN_TRACE_ID ?? ''); // stays as it is
  input.end = input.bytes.write(`{"id":"","event":{"a":[1,""]},"context":{"requestId":"","deadlineMs":0,"traceId":${traceId}}}\n`);
  callAll();
  ({ handler, runHandler } = given);
  latest.isAnswered = true;
  latest = undefined;
  calls.clear();
  process._tickCallback();
  tellOutcomes();
}

for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[name] = log.bind(undefined, name.toUpperCase());
console.log = console.info;
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onRejection);
process.on('beforeExit', onEmpty);
process.on('exit', onExit);
findLayers();
defineAwslambda();
const [named] = process.argv.splice(2);
loadHandler(env._HANDLER || named).then(() => setImmediate(ready)).catch(endInit); // modules in NODE_OPTIONS may set another _HANDLER, as Sentry's does
