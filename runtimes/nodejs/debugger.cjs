'use strict';
// Opens the inspector for calls whose context has `debug`, and connects it outwards. Loaded at the first such call.
const inspector = require('inspector');
const path = require('path');
const { spawn } = require('child_process');

const LONGEST_WAIT = 300_000; // ms, for a debugger to attach and then to start the handler

let debugged = 0; // calls that are being debugged
let opening; // the promise of the wait for the debugger; all these calls share it
let close;

/** Waits until a debugger has attached, for at most half of the time that is left. Without a debugger, the call goes on. */
async function attach(target, deadlineMs, handler, log) {
  debugged += 1;
  const limit = Math.max(0, Math.min(LONGEST_WAIT, (deadlineMs - Date.now()) / 2 || LONGEST_WAIT));
  opening ??= open(target, limit, handler).catch((error) => `the inspector cannot be opened: ${error.message}`);
  const problem = await opening;
  if (problem) log('WARN', `no debugger: ${problem}`);
}

/** Returns why no debugger attached, or undefined if one did. */
async function open({ host, port, break: breaks }, limit, handler) {
  const isOurs = inspector.url() === undefined; // user code may have opened the inspector
  if (isOurs) inspector.open(0, '127.0.0.1');
  const { NODE_OPTIONS, ...env } = process.env;
  const tunnel = spawn(process.execPath, [path.join(__dirname, 'tunnel.cjs'), host, port, inspector.url()], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let session;
  close = () => {
    session?.disconnect();
    tunnel.kill('SIGKILL'); // this ends its connections; inspector.close() would wait for them
    if (isOurs) inspector.close();
  };
  const end = Date.now() + limit;
  const problem = await new Promise((resolve) => awaitAttached(tunnel, limit, resolve));
  for (const handle of [tunnel, tunnel.stdin, tunnel.stdout]) handle.unref?.(); // the event loop counts as empty in spite of it
  if (problem) {
    shut();
    return problem;
  }
  if (breaks) session = stopAtFirstLine(handler);
  tunnel.stdin.write(`go ${Math.max(0, end - Date.now())}\n`);
  inspector.waitForDebugger();
  return undefined;
}

function awaitAttached(tunnel, limit, resolve) {
  let latest = 'none sent anything';
  const timer = setTimeout(() => resolve(`none attached within ${Math.round(limit)} ms (${latest})`), limit);
  const done = (problem) => {
    clearTimeout(timer);
    resolve(problem);
  };
  tunnel.on('error', (error) => done(`the tunnel cannot be started: ${error.code}`));
  tunnel.on('exit', () => done('the tunnel has ended'));
  tunnel.stdin.on('error', () => {});
  tunnel.stdout.on('data', (chunk) => {
    for (const line of String(chunk).trim().split('\n')) {
      if (line === 'attached') return done();
      latest = `latest error: ${line}`;
    }
  });
}

/** Sets a breakpoint at the handler, which stops in every debugger. Returns the session that holds it. */
function stopAtFirstLine(handler) {
  const session = new inspector.Session();
  session.connect();
  session.post('Debugger.enable');
  const key = Symbol.for('open-runtime.handler');
  globalThis[key] = handler;
  session.post('Runtime.evaluate', { expression: "globalThis[Symbol.for('open-runtime.handler')]" }, (_, { result }) => {
    session.post('Debugger.setBreakpointOnFunctionCall', { objectId: result.objectId });
  });
  delete globalThis[key];
  return session;
}

/** Ends the debugging of a call that has its outcome. After the last such call the tunnel and the inspector are closed. */
function release() {
  debugged -= 1;
  if (debugged === 0) {
    opening = undefined;
    shut();
  }
}

function shut() {
  const closing = close;
  close = undefined;
  closing?.();
}

module.exports = { attach, release };
