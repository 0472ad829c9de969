'use strict';
// The page in a tab, the tool as a process, and TAP, for the claims.
const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { evaluate } = require('../browser/chromium.cjs');

const ROOT = path.resolve(__dirname, '../../..');
const TOOL = process.env.OPEN_RUNTIME ?? path.join(ROOT, 'dist/open-runtime');
const BOOTSTRAP = process.env.BOOTSTRAP ?? path.join(ROOT, 'dist', os.arch() === 'arm64' ? 'arm64' : 'x86_64', 'bootstrap');
const LIMIT = 30_000; // ms: the machine may be busy

/** Waits until `look` finds something, and returns it. */
async function within(look, what, limit = LIMIT) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What the handler does is in the event: it logs, fails, waits, and answers. */
const HANDLER = `
exports.obeys = async (event) => {
  const { log = [], fails, ms = 0, answer = { seen: event } } = event.data ?? event;
  for (const line of log) console.log(line);
  if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
  if (fails) throw Object.assign(new RangeError(fails), { name: 'RangeError' });
  return answer;
};
`;

/** `open-runtime serve` of that handler, in a folder of its own. */
class Tool {
  /** `options` makes more options from the folder. */
  static async start(options) {
    const tool = new Tool();
    tool.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'open-runtime-page.'));
    fs.writeFileSync(path.join(tool.folder, 'handler.js'), HANDLER);
    await tool.run(0, options(tool.folder));
    return tool;
  }

  async run(port, options) {
    const file = path.join(this.folder, `port.${Math.random()}`);
    const how = ['--task-root', this.folder, '--bootstrap', BOOTSTRAP, '--port', port, '--port-file', file, '--timeout', 20];
    this.process = spawn(TOOL, ['serve', 'handler.obeys', ...how, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.gone = new Promise((resolve) => this.process.on('close', resolve));
    this.out = this.log = '';
    this.process.stdout.on('data', (chunk) => (this.out += chunk));
    this.process.stderr.on('data', (chunk) => (this.log += chunk));
    await within(() => fs.existsSync(file) || this.process.exitCode !== null, 'a port').catch((why) => {
      throw new Error(`${why.message}: ${this.log}`);
    });
    this.port = Number(fs.readFileSync(file, 'utf8'));
    this.origin = `http://127.0.0.1:${this.port}`;
    this.page = `${this.origin}/_open-runtime/`;
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.gone;
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Invokes the function as an SDK does. */
  invoke(event, name = 'function') {
    const text = typeof event === 'string' ? event : JSON.stringify(event);
    return ask(`${this.origin}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: text });
  }
}

/** A request as programs send it, with the headers that are given alone. */
function ask(url, { method = 'GET', body, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A tab that shows the page. What the console and the browser complain of is in `complaints`. */
class Page {
  static async open(tabs, url, { width = 1280, height = 800, scheme = 'light' } = {}) {
    const page = new Page();
    page.tab = await tabs.open();
    page.complaints = [];
    page.requests = [];
    const { Page: pages, Runtime, Log, Network, Emulation } = page.tab;
    await Promise.all([pages.enable(), Runtime.enable(), Log.enable(), Network.enable()]);
    Runtime.consoleAPICalled(({ type, args }) => page.complaints.push(`console.${type}: ${args.map(({ value, description }) => value ?? description)}`));
    Runtime.exceptionThrown(({ exceptionDetails: { text, exception } }) => page.complaints.push(exception?.description ?? text));
    Log.entryAdded(({ entry: { level, text, url: where } }) => page.complaints.push(`${level}: ${text} ${where ?? ''}`));
    Network.requestWillBeSent(({ request }) => page.requests.push(request.url));
    pages.javascriptDialogOpening(() => {
      page.complaints.push('a dialog opened');
      pages.handleJavaScriptDialog({ accept: true });
    });
    await Emulation.setDeviceMetricsOverride({ width, height, deviceScaleFactor: 1, mobile: false });
    await page.colours(scheme);
    const loaded = pages.loadEventFired();
    await pages.navigate({ url });
    await loaded;
    return page;
  }

  colours(scheme) {
    return this.tab.Emulation.setEmulatedMedia({ features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  /** The value of an expression. An error in it is an error here. */
  see(expression) {
    return evaluate(this.tab, expression);
  }

  /** Waits until the expression is true. */
  async until(expression) {
    await within(() => this.see(expression), expression).catch(async (why) => {
      throw new Error(`${why.message}; the page says: ${(await this.see('document.body.innerText')).slice(0, 800)} ${this.complaints}`);
    });
  }

  isLive() {
    return this.until(`document.getElementById('connection').textContent === 'live' && document.querySelectorAll('.chip').length > 0`);
  }

  /** Waits for so many rows. */
  rows(count) {
    return this.until(`document.querySelectorAll('#rows tr').length === ${count}`);
  }

  /** Waits until so many invocations are over. */
  ended(count) {
    return this.until(`document.querySelectorAll('#rows tr.is-ok, #rows tr.is-failed').length === ${count}`);
  }

  click(selector) {
    return this.see(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  text(selector) {
    return this.see(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }

  /** Waits until the text is there, and returns all of it. */
  async says(selector, text) {
    await this.until(`(document.querySelector(${JSON.stringify(selector)})?.innerText ?? '').includes(${JSON.stringify(text)})`);
    return this.text(selector);
  }

  /** Presses a key as a keyboard does: Tab, Enter, ArrowDown, a, … */
  async press(key, { ctrl = false, shift = false } = {}) {
    const codes = { Tab: 9, Enter: 13, Escape: 27, ' ': 32, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 };
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
    const code = codes[key] ?? key.toUpperCase().charCodeAt(0);
    const event = { key, code: key, windowsVirtualKeyCode: code, nativeVirtualKeyCode: code, modifiers: (ctrl ? 2 : 0) + (shift ? 8 : 0) };
    await this.tab.Input.dispatchKeyEvent({ type: text && !ctrl ? 'keyDown' : 'rawKeyDown', ...event, text: ctrl ? undefined : text });
    await this.tab.Input.dispatchKeyEvent({ type: 'keyUp', ...event });
  }

  type(text) {
    return this.tab.Input.insertText({ text });
  }

  /** Writes into the editor as a user does, in place of what is there. */
  async write(text) {
    await this.see(`document.getElementById('event').focus(), document.getElementById('event').select()`);
    await this.type(text);
  }

  async close() {
    await this.tab.close();
  }
}

module.exports = { Tool, Page, within, ask, ROOT };
