'use strict';
// Opens pages of foreign origins in Chromium. Each tries to reach a port of this machine, in all ways of tries.js. Prints a
// line `PAGE TRY` for each try, followed by what the page could read.
//
// usage: DEBUGGERS=FOLDER pages.cjs PORT PATH BODY [PAGE…]     default: all pages
const fs = require('fs');
const http = require('http');
const path = require('path');
const { withChromium, evaluate } = require('./chromium.cjs');

const [, , port, target, body, ...wanted] = process.argv;
const tries = fs.readFileSync(path.join(__dirname, 'tries.js'), 'utf8');
const PAGE = '<!doctype html><title>a page</title><body>';

async function main() {
  const site = await listen();
  await withChromium(async (tabs, folder) => {
    const file = path.join(folder, 'page.html');
    fs.writeFileSync(file, PAGE);
    const stranger = `http://stranger.test:${site}/`;
    const pages = [
      ['stranger', stranger, '127.0.0.1'],
      ['stranger-at-0.0.0.0', stranger, '0.0.0.0'],
      ['stranger-at-mapped', stranger, '[::ffff:127.0.0.1]'],
      ['encrypted', 'https://stranger.test/', '127.0.0.1'],
      ['other-port', `http://127.0.0.1:${site}/`, '127.0.0.1'],
      ['localhost', `http://localhost:${site}/`, 'localhost'],
      ['rebound', `http://rebound.test:${port}/`, 'rebound.test'],
      ['file', `file://${file}`, '127.0.0.1'],
      ['data', `data:text/html,${encodeURIComponent(PAGE)}`, '127.0.0.1'],
    ];
    const shown = pages.filter(([name]) => wanted.length === 0 || wanted.includes(name));
    await Promise.all(shown.map(([name, url, host]) => show(tabs, name, url, `http://${host}:${port}${target}`, stranger)));
  });
  process.exit();
}

/** The strangers' server: their pages, and /STATUS?URL, which redirects. */
async function listen() {
  const server = http.createServer((request, response) => {
    const [status, to] = request.url.slice(1).split('?');
    if (to) response.writeHead(Number(status), { location: decodeURIComponent(to) }).end();
    else response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

async function show(tabs, name, url, to, stranger) {
  const tab = await tabs.open();
  await tab.Page.enable();
  await tab.Emulation.setFocusEmulationEnabled({ enabled: true }); // a video is not loaded where nobody sees it
  if (/^https:|rebound/.test(url)) await supply(tab, url);
  tab.Page.navigate({ url });
  await tab.Page.loadEventFired();
  const found = await evaluate(tab, `${tries}; tries(${[to, body, stranger].map((each) => JSON.stringify(each))})`);
  for (const [attempt, read] of found) console.log(`${name} ${attempt} ${read}`);
  await tab.Page.navigate({ url: `${stranger}302?${encodeURIComponent(`${to}?try=typed`)}` }); // as if the user had typed it
  console.log(`${name} typed`);
}

/** A page that no server sends: its name leads elsewhere when it is loaded, or it would need a certificate. */
async function supply({ Fetch }, url) {
  const responseHeaders = [{ name: 'content-type', value: 'text/html' }];
  const page = { responseCode: 200, responseHeaders, body: Buffer.from(PAGE).toString('base64') };
  Fetch.requestPaused(({ requestId, request }) => {
    if (request.url === url) Fetch.fulfillRequest({ requestId, ...page });
    else Fetch.continueRequest({ requestId });
  });
  await Fetch.enable({ patterns: [{ urlPattern: url }] });
}

main();
