'use strict';
// Connects debuggers to the inspector. It is a process of its own, because the handler's process stops at breakpoints. It
// connects outwards, to a relay. The debugger that the relay pairs it with speaks first. There is one connection at a time. If
// it ends or cannot be made, the tunnel tries again, until it is killed or its parent ends.
//
// STDIN: `go` when the handler's process waits for the debugger, `release` to end that wait. STDOUT: `attached`, or the code of
// the latest error. SIGTERM goes to the process group when little time is left. It ends the tunnel, and with it all breakpoints.
// usage: tunnel.cjs HOST PORT INSPECTOR-URL
const net = require('net');

const [, , host, port, url] = process.argv;
const inspector = new URL(url);
const local = { host: inspector.hostname, port: Number(inspector.port) };
const RETRY = 100; // ms
const CONNECT_TIMEOUT = 3000; // ms
const SETTLE = 50; // ms from `go` until the inspector certainly waits
const LONGEST_HEAD = 1 << 16; // bytes
const HEAD_TIMEOUT = 10_000; // ms from the first byte of a request's head to its end

let held; // opens the connection of a debugger that waits for `go`; null after `go`

function connect() {
  const remote = net.connect({ host, port, noDelay: true, keepAlive: true });
  const timer = setTimeout(() => remote.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), CONNECT_TIMEOUT);
  remote.on('connect', () => clearTimeout(timer));
  remote.on('error', ({ code }) => tell(code));
  remote.on('close', () => {
    clearTimeout(timer);
    setTimeout(connect, RETRY);
  });
  readHead(remote);
}

/**
 * Waits for a debugger's request: for the list of targets (/json), or to attach (a WebSocket). It may take hours to come, as
 * the relay accepts us before there is a debugger. Only a request that has begun has a time limit.
 */
function readHead(remote) {
  let head = Buffer.alloc(0);
  let timer;
  remote.on('close', () => clearTimeout(timer));
  remote.on('data', function take(chunk) {
    timer ??= setTimeout(() => remote.destroy(), HEAD_TIMEOUT);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return head.length > LONGEST_HEAD ? remote.destroy() : undefined;
    clearTimeout(timer);
    remote.off('data', take).pause();
    const lines = head.toString('latin1', 0, end).split('\r\n');
    if (isFromPage(lines)) return remote.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n', () => remote.destroySoon());
    const rest = head.subarray(end + 4);
    if (lines.some((line) => /^upgrade: *websocket/i.test(line))) attach(remote, lines, rest);
    else answerList(remote, lines);
  });
  remote.on('end', () => remote.destroy());
}

/**
 * Whether a web page sent the request. A browser can reach every relay that its machine can reach. A page's request has an
 * Origin that is not devtools://, or a Sec-Fetch-Site of another site, or a Host whose name the page's owner points to the
 * relay. A debugger's Host is an address, localhost, or the name that the event has.
 */
function isFromPage([, ...headers]) {
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

/** Replaces path and Host: the inspector accepts only its own secret path, and only an address as Host. */
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
  if (held === null) return open(); // `go` has come
  held = open;
  remote.on('close', () => (held === open ? (held = undefined) : undefined));
  tell('attached');
}

/** Passes on the inspector's answer, with the relay's address in place of its own. */
function answerList(remote, lines) {
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

/** Ends the inspector's wait with the command that a debugger would send. */
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

function tell(message) {
  process.stdout.write(`${message}\n`);
}

process.stdin.on('data', (chunk) => {
  for (const line of String(chunk).trim().split('\n')) {
    if (line === 'release') release();
    else setTimeout(begin, SETTLE, Number(line.slice('go '.length)));
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
