'use strict';
// The developer tools of Chromium: they attach to a function, let it go on each time it stands still, and are closed with it.
//
// usage: DEBUGGERS=FOLDER devtools.cjs URL
//          opens the URL that open-runtime prints
//        DEBUGGERS=FOLDER devtools.cjs --inspect PORT LOG
//          clicks on the function in chrome://inspect, which knows the port, and stays until the function's log has the debugger
const fs = require('fs');
const { withChromium, evaluate } = require('./chromium.cjs');

const [, , url, port, log] = process.argv;

async function main() {
  if (url === '--inspect') {
    const devtools = { discover_tcp_targets_enabled: true, tcp_discovery_config: [`127.0.0.1:${port}`] };
    await withChromium(inspect, { devtools });
  } else await withChromium(letGo);
  process.exit();
}

async function letGo(tabs) {
  const tab = await tabs.open();
  const { Network, Input, Page } = tab;
  await Network.enable();
  Network.webSocketFrameReceived(async ({ response }) => {
    const { method } = JSON.parse(response.payloadData);
    if (method !== 'Debugger.paused') return;
    console.log('paused');
    await pressF8(Input);
  });
  const closed = new Promise((resolve) => Network.webSocketClosed(resolve));
  await Page.navigate({ url });
  await closed;
}

async function pressF8(Input) {
  const key = { key: 'F8', code: 'F8', windowsVirtualKeyCode: 119 };
  await Input.dispatchKeyEvent({ type: 'rawKeyDown', ...key });
  await Input.dispatchKeyEvent({ type: 'keyUp', ...key });
}

async function inspect(tabs) {
  const page = await tabs.open('chrome://inspect/#devices');
  const clicks = `(() => {
    const rows = [...document.querySelectorAll('.row')].filter((row) => row.innerText.includes('function'));
    const link = rows.flatMap((row) => [...row.querySelectorAll('.action')]).find((each) => each.innerText.trim() === 'inspect');
    link?.click();
    return link !== undefined;
  })()`;
  while (!(await evaluate(page, clicks))) await pause();
  while (!fs.readFileSync(log, 'utf8').includes('Debugger attached')) await pause();
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

main();
