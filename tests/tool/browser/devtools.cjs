'use strict';
// The developer tools of Chromium: they attach to a function, resume it at each stop, and close with it.
//
// usage: DEBUGGERS=FOLDER devtools.cjs URL     the URL that open-runtime prints
const { withChromium } = require('./chromium.cjs');

const [, , url] = process.argv;
const LIMIT = 120_000; // ms
const AGAIN = 2000; // ms: the window hears a key only when it has drawn itself, which is later than it hears of the stop

async function main() {
  await withChromium(letGo);
  process.exit();
}

async function letGo(tabs) {
  const tab = await tabs.open();
  const { Network, Input, Page } = tab;
  let pressing;
  await Network.enable();
  Network.webSocketFrameReceived(({ response }) => {
    const { method } = JSON.parse(response.payloadData);
    if (method === 'Debugger.paused') {
      console.log('paused');
      pressF8(Input);
      pressing = setInterval(pressF8, AGAIN, Input);
    }
    if (method === 'Debugger.resumed') clearInterval(pressing);
  });
  const closed = new Promise((resolve, reject) => {
    Network.webSocketClosed(resolve);
    setTimeout(() => reject(new Error(`the developer tools are still attached after ${LIMIT} ms`)), LIMIT);
  });
  await Page.navigate({ url });
  await closed;
}

async function pressF8(Input) {
  const key = { key: 'F8', code: 'F8', windowsVirtualKeyCode: 119 };
  await Input.dispatchKeyEvent({ type: 'rawKeyDown', ...key });
  await Input.dispatchKeyEvent({ type: 'keyUp', ...key });
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
