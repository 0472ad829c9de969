'use strict';
// Responses that are streams: AWS's responseStream, async iterables, and responses whose body is one. Loaded for the first stream.
//
// Lines go through a socket: a consumer that reads slowly must not block the event loop, as a blocking write would.
const { Socket } = require('net');
const { Writable } = require('stream');
const { parse, stringify } = JSON; // kept here, because user code may replace them

const HTTP_RESPONSE = 'application/vnd.awslambda.http-integration-response';
const DELIMITER_BYTES = 8;
const TEXT = 1 << 14; // characters of a line
const BYTES = 3 << 14; // bytes of a line, which are 64 KiB of base64
const MOST_BYTES = 1 << 16; // that follow a line
const FULL = 1 << 16; // characters that are written at once, if so many wait
const OWN = Symbol('own');
const BOUND = ['write', 'end', 'destroy', 'on', 'once', 'setContentType']; // handlers may take them from the stream, as on AWS
const nothing = () => {};
let queue; // the socket
let runtime; // functions of runtime.cjs

/** Opens the socket for all further lines. */
function open(descriptor, functions) {
  runtime = functions;
  queue = new Socket({ fd: descriptor, readable: false, writable: true });
  queue.unref(); // what waits to be written keeps the event loop alive
  queue.on('error', () => process.exit(1)); // bootstrap has gone
  return queue;
}

/**
 * What handlers write to. It answers the call when the handler has settled and all is written: the error of a handler that fails
 * comes after what it has written before. Once the handler has ended the stream, the response stands, as on AWS.
 */
class ResponseStream extends Writable {
  constructor(call, highWaterMark) {
    super({ decodeStrings: false, highWaterMark: Number.isInteger(highWaterMark) && highWaterMark > 0 ? highWaterMark : undefined });
    const start = `{"id":${stringify(call.id)},`;
    this[OWN] = {
      call,
      start,
      encoding: encodingOf(start),
      isReady: true, // nothing was written
      contentType: undefined,
      http: undefined, // the head of an HTTP response
      hasHead: false, // the head was sent
      collected: call.mayStream ? undefined : [],
      isHandled: false, // the handler has settled
      isClosed: false,
      error: undefined, // that it was destroyed with
      failure: undefined, // that the call fails with
      wake: nothing, // continues what waits for a drained stream
      stop: nothing, // stops the iteration that writes to the stream
    };
    this.on('error', nothing);
    for (const name of BOUND) this[name] = this[name].bind(this);
    call.stream = this;
  }

  setContentType(type) {
    const own = this[OWN];
    if (!own.isReady) {
      throw Object.assign(new Error('Cannot set content-type, too late.'), { name: 'Runtime.InvalidStreamingOperation' });
    }
    own.contentType = `${type}`;
  }

  write(chunk, encoding, callback) {
    const isPlain = typeof chunk === 'string' || chunk instanceof Uint8Array || chunk === null;
    const data = isPlain ? chunk : stringify(chunk);
    if (this[OWN].isReady) {
      this[OWN].isReady = false;
      this._onBeforeFirstWrite?.((first) => super.write(first)); // the hook of AWS's client
    }
    return super.write(data, encoding, callback);
  }

  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') [chunk, callback] = [undefined, chunk];
    else if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);
    return super.end(callback);
  }

  _write(chunk, encoding, callback) {
    this._writev([{ chunk, encoding }], callback);
  }

  _writev(chunks, callback) {
    const own = this[OWN];
    if (own.collected) {
      for (const { chunk, encoding } of chunks) own.collected.push(Buffer.from(chunk, encoding));
      return callback();
    }
    if (own.call.takesBytes) return writeBytes(own, chunks, callback);
    let index = 0;
    let start = 0;
    let data = dataOf(chunks[0]);
    const next = () => {
      if (index === chunks.length) return callback();
      let lines = takeHead(own);
      let isBase64 = lines === '';
      while (index < chunks.length && lines.length < FULL) {
        isBase64 &&= typeof data !== 'string';
        lines += own.start + member(data, start);
        start += BYTES;
        if (start < data.length) continue;
        start = 0;
        index++;
        if (index < chunks.length) data = dataOf(chunks[index]);
      }
      queue.write(lines, isBase64 ? own.encoding : 'utf8', next); // one at a time: strings that wait would make the young heap grow
    };
    next();
  }

  _destroy(error, callback) {
    const own = this[OWN];
    own.isClosed = true;
    own.error = error;
    own.wake();
    callback(error);
    conclude(this);
  }

  /** The handler has settled without an error. */
  succeed() {
    this[OWN].isHandled = true;
    conclude(this);
  }

  /** The call fails, unless the stream has ended. */
  fail(error) {
    const own = this[OWN];
    own.isHandled = true;
    if (!own.failure) {
      if (this.writableEnded) runtime.log('ERROR', 'the response was complete when this error came:', error);
      else own.failure = { error };
    }
    own.stop();
    if (own.isClosed) conclude(this);
    else super.end();
    own.wake();
  }

  /** Nothing can write to the stream any more. */
  onEmpty(never) {
    this.fail(this[OWN].isHandled ? notFinished() : never);
  }
}

/** Writes bytes between lines, as they are, and texts in lines. Nothing is copied. */
function writeBytes(own, chunks, callback) {
  const parts = [];
  let lines = takeHead(own);
  for (const chunk of chunks) {
    const data = dataOf(chunk);
    if (typeof data === 'string') {
      lines += own.start + member(data);
      continue;
    }
    for (let start = 0; start === 0 || start < data.length; start += MOST_BYTES) {
      const bytes = data.length > MOST_BYTES ? data.subarray(start, start + MOST_BYTES) : data;
      parts.push(`${lines}${own.start}"bytes":${bytes.length}}\n`, bytes);
      lines = '';
    }
  }
  if (lines) parts.push(lines);
  const last = parts.pop();
  queue.cork(); // one system call
  for (const part of parts) queue.write(part);
  queue.write(last, callback);
  queue.uncork();
}

/** The quickest encoding that is right for lines that begin so, and go on in ASCII. */
function encodingOf(start) {
  return /^[ -~]*$/.test(start) ? 'latin1' : 'utf8';
}

function notFinished() {
  return new Error('Response stream is not finished.');
}

/** A chunk as a text for one line, or as bytes. A long text is sooner in base64 than in JSON. */
function dataOf({ chunk, encoding }) {
  const isText = typeof chunk !== 'string' || (chunk.length <= TEXT && (encoding === 'utf8' || encoding === 'utf-8'));
  return isText ? chunk : Buffer.from(chunk, encoding);
}

/** The end of a line: the text, or the bytes from the start on, as far as they fit. */
function member(data, start) {
  if (typeof data !== 'string') return `"base64":"${data.toString('base64', start, Math.min(start + BYTES, data.length))}"}\n`;
  const json = stringify(data);
  // Half a surrogate pair, which JSON escapes, has no form in UTF-8. As elsewhere in Node.js, a replacement character takes its place.
  return `"chunk":${json.includes('\\ud') ? stringify(Buffer.from(data).toString()) : json}}\n`;
}

/** Returns the line of the head if it was not sent yet. */
function takeHead(own) {
  if (own.hasHead) return '';
  own.hasHead = true;
  return `${own.start}"stream":${stringify(own.http ?? { contentType: own.contentType })}}\n`;
}

/** Answers the call, if the handler has settled and the stream is closed. */
function conclude(stream) {
  const own = stream[OWN];
  if (!own.isClosed || !own.isHandled) return;
  if (!own.failure && !stream.writableFinished) own.failure = { error: own.error ?? notFinished() };
  const { call, failure } = own;
  if (failure) return runtime.writeResponse(call, 'error', runtime.describeError(failure.error));
  if (own.collected) return answerWhole(own);
  queue.cork();
  if (!own.hasHead) queue.write(takeHead(own));
  runtime.writeResponse(call, 'end', 'true');
  queue.uncork();
}

/** Answers a call whose response cannot be streamed, with all that was written. */
function answerWhole({ call, collected, http }) {
  const bytes = Buffer.concat(collected);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!http) {
      const message = `the response is not text, and this call cannot be streamed: ${error.message}`;
      return runtime.writeResponse(call, 'error', runtime.describeError(runtime.failure('Runtime.MarshalError', message)));
    }
  }
  const whole = text === undefined ? { ...http, body: bytes.toString('base64'), isBase64Encoded: true } : { ...http, body: text };
  runtime.writeResponse(call, 'response', stringify(http ? whole : text));
}

/** Calls a handler that AWS's streamifyResponse has marked. */
function run(call, handler, event, highWaterMark) {
  const stream = new ResponseStream(call, highWaterMark);
  const succeeded = (result) => {
    if (result !== undefined) runtime.log('WARN', 'Streaming handlers ignore return values.');
    stream.succeed();
  };
  try {
    const result = handler(event, stream, call.context);
    if (typeof result?.then !== 'function') throw new Error('Streaming does not support non-async handlers.');
    result.then(succeeded, (error) => stream.fail(error));
  } catch (error) {
    stream.fail(error);
  }
}

/** Makes the stream that of an HTTP response. A stream that is not ours gets the prelude as its first bytes, as from AWS's client. */
function withPrelude(stream, prelude) {
  stream.setContentType(HTTP_RESPONSE);
  const json = stringify(prelude);
  if (stream[OWN]) {
    stream[OWN].http = httpHead(parse(json ?? '{}'));
  } else {
    stream._onBeforeFirstWrite = (write) => {
      write(json);
      write(new Uint8Array(DELIMITER_BYTES));
    };
  }
  return stream;
}

function httpHead(given) {
  const { body, isBase64Encoded, ...head } = given ?? {};
  return { ...head, statusCode: head.statusCode ?? 200 };
}

/** The head of a response that a handler returned. A header whose value is an array goes out as several headers. */
function headOf(response) {
  const { headers, multiValueHeaders, ...head } = httpHead(response);
  const all = Object.entries(headers ?? {});
  const several = all.filter(([, value]) => Array.isArray(value));
  const others = all.filter(([, value]) => !Array.isArray(value));
  if (headers) head.headers = Object.fromEntries(others.map(([name, value]) => [name, `${value}`]));
  if (multiValueHeaders || several.length > 0) head.multiValueHeaders = { ...multiValueHeaders, ...Object.fromEntries(several) };
  return head;
}

/** Sends a result that is an async iterable, or a response whose body is one. */
async function send(call, result) {
  const isRaw = result[Symbol.asyncIterator] !== undefined;
  const body = isRaw ? result : result.body;
  const stream = new ResponseStream(call);
  if (!isRaw) stream[OWN].http = headOf(result);
  try {
    await writeItems(body, stream);
    stream.succeed();
    stream.end();
  } catch (error) {
    stream.fail(error);
  }
}

async function writeItems(body, stream) {
  const own = stream[OWN];
  const iterator = typeof body.getReader === 'function' ? iterate(body.getReader()) : body[Symbol.asyncIterator]();
  own.stop = () => {
    own.stop = nothing;
    if (typeof body.destroy === 'function') body.destroy();
    else Promise.resolve(iterator.return?.()).catch(nothing);
  };
  stream.on('drain', () => own.wake());
  for await (const item of { [Symbol.asyncIterator]: () => iterator }) {
    if (stream.writableEnded || stream.destroyed) break;
    if (!stream.write(chunkOf(item))) await new Promise((resolve) => (own.wake = resolve));
  }
}

/** The own iterator of a ReadableStream does not stop while it waits for an item. */
function iterate(reader) {
  return { next: () => reader.read(), return: async () => reader.cancel().then(() => ({ done: true })) };
}

/** An item as a chunk: text, bytes, or JSON. */
function chunkOf(item) {
  if (typeof item === 'string' || item instanceof Uint8Array) return item;
  if (ArrayBuffer.isView(item)) return Buffer.from(item.buffer, item.byteOffset, item.byteLength);
  try {
    return stringify(item) ?? 'null';
  } catch (error) {
    throw runtime.failure('Runtime.MarshalError', `cannot turn a chunk into JSON: ${error?.message ?? error}`);
  }
}

module.exports = { open, run, send, withPrelude };
