// Handlers as users write them for awslambda.streamifyResponse. The event names one.
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');
const { once } = require('events');
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const cases = {
  text: async (s) => { s.write('a ä'); s.end('b'); },
  bytes: async (s) => { s.write(Buffer.from([0, 255, 0xc3])); s.write(new Uint8Array([0xa4])); s.end(); },
  halves: async (s) => { s.write('\ud83d'); s.write('\ude00'); s.write('\ud83d\ude00'); s.end(); },
  encodings: async (s) => { s.write('c3a4', 'hex'); s.write('YQ==', 'base64'); s.write('\xe9', 'latin1'); s.end(); },
  json: async (s) => { s.write({ a: [1, 'ä'] }); s.write(7); s.write(true); s.write([1]); s.write(new Uint16Array([1])); s.end(); },
  empty: async (s) => { s.write(''); s.end(); },
  nothing: async (s) => { s.end(); },
  endCallback: async (s) => { await new Promise((r) => { s.write('x'); s.end(r); }); },
  endChunkCallback: async (s) => { await new Promise((r) => s.end('x', r)); },
  writeCallback: async (s) => { await new Promise((r) => s.write('x', r)); await new Promise((r) => s.write('y', 'utf8', r)); s.end(); },
  pipeline: async (s) => { await pipeline(Readable.from(['x', 'y']), s); },
  pipelineObjects: async (s) => { await pipeline(Readable.from([{ a: 1 }, { b: 2 }]), s); },
  pipelineGenerator: async (s) => { await pipeline(async function* () { yield 'x'; await sleep(20); yield 'y'; }, s); },
  pipe: async (s) => { Readable.from(['x', 'y']).pipe(s); },
  later: async (s) => { s.write('x'); setTimeout(() => s.end('y'), 100); },
  unbound: async (s) => { const { write, end, setContentType } = s; setContentType('text/plain'); write('x'); end('y'); },
  drain: async (s) => { for (let i = 0; i < 40; i++) if (!s.write(Buffer.alloc(20000, 'x'))) await once(s, 'drain'); s.end('end'); },
  cork: async (s) => { s.cork(); s.write('x'); s.write('y'); s.uncork(); s.end(); },
  returns: async (s) => { s.end('x'); return 5; },
  returnsNull: async (s) => { s.end('x'); return null; },
  sync: (s) => { s.write('x'); s.end(); },
  thenable: (s) => { s.write('x'); s.end(); return { then: (r) => r() }; },
  throwsSync: (s) => { throw new TypeError('sync'); },
  throwsEarly: async (s) => { throw new TypeError('early'); },
  throwsTyped: async (s) => { s.setContentType('text/plain'); throw new TypeError('early'); },
  throwsText: async (s) => { s.write('x'); throw 'text'; },
  throwsMid: async (s) => { s.write('x'); await sleep(50); s.write('y'); throw new TypeError('mid'); },
  throwsMany: async (s) => { for (let i = 0; i < 2; i++) s.write(Buffer.alloc(30000, 'x')); throw new TypeError('many'); },
  throwsAfter: async (s) => { s.end('x'); await sleep(50); throw new TypeError('after'); },
  typeLate: async (s) => { s.write('x'); s.setContentType('text/plain'); s.end(); },
  http: async (s) => { s = awslambda.HttpResponseStream.from(s, { statusCode: 201, headers: { a: 'b' }, cookies: ['c=d'] }); s.write('x'); s.end(); },
  httpEmptyWrite: async (s) => { s = awslambda.HttpResponseStream.from(s, { statusCode: 204 }); s.write(''); s.end(); },
  httpChanged: async (s) => { const p = { statusCode: 201 }; s = awslambda.HttpResponseStream.from(s, p); p.statusCode = 500; s.write('x'); s.end(); },
  httpLate: async (s) => { s.write('x'); awslambda.HttpResponseStream.from(s, {}); s.end(); },
  httpThrows: async (s) => { s = awslambda.HttpResponseStream.from(s, { statusCode: 201 }); throw new TypeError('early'); },
  httpPipeline: async (s) => { await pipeline(Readable.from(['x', 'y']), awslambda.HttpResponseStream.from(s, { statusCode: 200 })); },
  hook: async (s) => { s._onBeforeFirstWrite = (write) => { write('first'); }; s.write('x'); s.end(); },
};

exports.handler = awslambda.streamifyResponse((event, stream) => cases[event](stream));
