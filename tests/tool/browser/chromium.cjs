'use strict';
// A headless Chromium in its own folder: start, and tabs.
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const CDP = require(`${process.env.DEBUGGERS}/npm/node_modules/chrome-remote-interface`);

// Chromium asks the user before a page may reach this machine. Other browsers do not ask, and users agree.
const ASKS = ['', 'Navigations', 'WebRTC', 'WebSockets', 'Workers'].map((of) => `LocalNetworkAccessChecks${of}`).join();
const ARGUMENTS = [
  '--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-popup-blocking',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
  '--remote-debugging-port=0', `--disable-features=${ASKS}`, '--host-resolver-rules=MAP *.test 127.0.0.1',
]; // prettier-ignore

/** Runs `work`, then leaves nothing of Chromium. */
async function withChromium(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'open-runtime-chromium.'));
  const isRoot = process.getuid() === 0; // the sandbox does not work for root
  const options = [...ARGUMENTS, ...(isRoot ? ['--no-sandbox'] : []), `--user-data-dir=${folder}`, 'about:blank'];
  const chromium = spawn(process.env.CHROMIUM ?? 'chromium', options, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const gone = new Promise((resolve) => chromium.on('close', resolve));
  try {
    await work(new Tabs(await portOf(chromium)), folder);
  } finally {
    process.kill(-chromium.pid, 'SIGKILL');
    await gone;
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  }
}

function portOf({ stderr }) {
  let told = '';
  return new Promise((resolve, reject) => {
    stderr.on('data', (chunk) => {
      told += chunk;
      const port = /DevTools listening on ws:\/\/[^/]*:(\d+)/.exec(told)?.[1];
      if (port) resolve(Number(port));
    });
    stderr.on('end', () => reject(new Error(`chromium does not start: ${told}`)));
  });
}

class Tabs {
  constructor(port) {
    this.at = { host: '127.0.0.1', port, local: true };
  }

  async open(url = 'about:blank') {
    const tab = await CDP.New({ ...this.at, url });
    return CDP({ ...this.at, target: tab });
  }
}

async function evaluate({ Runtime }, expression) {
  const { result, exceptionDetails } = await Runtime.evaluate({ expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

module.exports = { withChromium, evaluate };
