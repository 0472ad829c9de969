'use strict';
// The developer tools of Chromium: they attach to a function, resume it at each stop, and close with it.
//
// usage: DEBUGGERS=FOLDER devtools.cjs URL     the URL that open-runtime prints
const { withChromium } = require('./chromium.cjs');

const [, , url] = process.argv;

async function main() {
  await withChromium(letGo);
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

main();
