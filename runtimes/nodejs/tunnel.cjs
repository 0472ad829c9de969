'use strict';
// Carries debuggers to the inspector: a process of its own, for the handler's stands still while it is at a breakpoint. It
// connects outwards, to a relay, and whatever debugger the relay pairs it with speaks first. One connection at a time; when it
// ends, or cannot be made, it tries again, until it is killed or its parent ends.
//
// On STDIN: `go` when the handler's process waits for the debugger, `release` to end that wait. On STDOUT: `attached`, and
// the code of the latest error. SIGTERM, which its group gets when little time is left, ends it, and thus all breakpoints.
// usage: tunnel.cjs HOST PORT INSPECTOR-URL
const net = require('net');

const [, , host, port, url] = process.argv;
const inspector = new URL(url);
const local = { host: inspector.hostname, port: Number(inspector.port) };
const RETRY = 100; // ms
const PATIENCE = 3000; // ms for a connection to be made
const SETTLE = 50; // ms from `go` until the inspector is surely waiting
const LONGEST_HEAD = 1 << 16; // bytes
const HEAD_LIMIT = 10_000; // ms from its first byte to its end

let held; // a debugger that waits for `go`

function connect() {
  const remote = net.connect({ host, port, noDelay: true, keepAlive: true });
  const timer = setTimeout(() => remote.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), PATIENCE);
  remote.on('connect', () => clearTimeout(timer));
  remote.on('error', ({ code }) => tell(code));
  remote.on('close', () => {
    clearTimeout(timer);
    setTimeout(connect, RETRY);
  });
  readHead(remote);
}

/**
 * Waits for a request: of a debugger that looks around (/json), or that attaches (a WebSocket). It may come in hours, as the
 * relay connects us before there is a debugger; but once it has begun, it has an end.
 */
function readHead(remote) {
  let head = Buffer.alloc(0);
  let timer;
  remote.on('close', () => clearTimeout(timer));
  remote.on('data', function take(chunk) {
    timer ??= setTimeout(() => remote.destroy(), HEAD_LIMIT);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return head.length > LONGEST_HEAD ? remote.destroy() : undefined;
    clearTimeout(timer);
    remote.off('data', take).pause();
    const lines = head.toString('latin1', 0, end).split('\r\n');
    if (isOfPage(lines)) return remote.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n', () => remote.destroySoon());
    const rest = head.subarray(end + 4);
    if (lines.some((line) => /^upgrade: *websocket/i.test(line))) attach(remote, lines, rest);
    else look(remote, lines);
  });
  remote.on('end', () => remote.destroy());
}

/**
 * Browsers reach every relay that their machine reaches. What a page asks for has the page's Origin, which is no devtools://,
 * or is marked as asked for from elsewhere, or has as Host a name that the page has bent to the relay: debuggers use an
 * address, localhost, or the name that the event has.
 */
function isOfPage([, ...headers]) {
  const values = (name) =>
    headers.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
  const origins = values('origin');
  const isOurs = (value) => {
    const name = value.replace(/:\d+$/, '').toLowerCase();
    return name === 'localhost' || name === host.toLowerCase() || net.isIP(name.replace(/^\[(.*)\]$/, '$1')) > 0;
  };
  return (
    origins.some((origin) => !origin.startsWith('devtools://')) ||
    !values('host').every(isOurs) ||
    (origins.length === 0 && values('sec-fetch-site').some((site) => site !== 'none' && site !== 'same-origin'))
  );
}

/** The inspector knows one path, which nobody can guess, though its own list tells it; it takes as Host only addresses. */
function attach(remote, [, ...headers], rest) {
  const kept = headers.filter((line) => !/^host:/i.test(line));
  const head = [`GET ${inspector.pathname} HTTP/1.1`, `Host: ${inspector.host}`, ...kept, '', ''].join('\r\n');
  const open = () => {
    const socket = net.connect({ ...local, noDelay: true });
    socket.write(head, 'latin1');
    socket.write(rest);
    socket.pipe(remote).pipe(socket);
    socket.on('error', () => remote.destroy()).on('close', () => remote.end(() => remote.destroy()));
    remote.on('close', () => socket.destroy());
  };
  if (held === null) return open(); // the handler runs already
  held = open;
  remote.on('close', () => (held === open ? (held = undefined) : undefined));
  tell('attached');
}

/** Answers with what the inspector answers, but for its address. */
function look(remote, lines) {
  const [method, path] = lines[0].split(' ');
  if (method !== 'GET' || !/^\/json(\/[\w/-]+)?$/.test(path)) return remote.destroy();
  const name = lines.map((line) => /^host: *(.*)$/i.exec(line)?.[1]).find(Boolean) ?? inspector.host;
  const request = require('http').get({ ...local, path, agent: false }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString().replaceAll(inspector.host, name);
      const head = [
        `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`,
        'Content-Type: application/json; charset=UTF-8',
        `Content-Length: ${Buffer.byteLength(text)}`,
        'Connection: close',
      ];
      remote.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => remote.destroySoon());
    });
  });
  request.on('error', () => remote.destroy());
}

/** Ends the inspector's wait, as the first command of a debugger would. */
function release() {
  const socket = net.connect({ ...local, noDelay: true });
  const key = Buffer.alloc(16).toString('base64');
  const headers = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`];
  socket.write([`GET ${inspector.pathname} HTTP/1.1`, `Host: ${inspector.host}`, ...headers, '', ''].join('\r\n'));
  const command = Buffer.from('{"id":1,"method":"Runtime.runIfWaitingForDebugger"}');
  socket.once('data', () => {
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | command.length, 0, 0, 0, 0]), command])); // one frame, masked with 0
    socket.once('data', () => socket.destroy());
  });
  return socket.on('error', () => {});
}

function tell(word) {
  process.stdout.write(`${word}\n`);
}

process.stdin.on('data', (words) => {
  for (const word of String(words).trim().split('\n')) {
    if (word === 'release') release();
    else setTimeout(begin, SETTLE, Number(word.slice(3)));
  }
});

function begin(limit) {
  setTimeout(release, limit);
  held?.();
  held = null;
}

process.stdin.on('end', () => process.exit()).on('error', () => process.exit());
process.stdout.on('error', () => {});
process.on('SIGTERM', () => {
  release().on('close', () => process.exit());
  setTimeout(() => process.exit(), SETTLE);
});
connect();
