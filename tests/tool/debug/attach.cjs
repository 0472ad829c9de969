'use strict';
// A debugger: attaches to a port, and prints a line for each event. At the first pause it prints the function, the line and
// the variable `secret`. Then its argument decides: resume, stay (until it is killed), or go (disconnect). With idle it does
// not start the handler.
// usage: [TOKEN=T] attach.cjs PORT resume|stay|go|idle [FIRST]   (FIRST: disconnect before the handler starts)
const CDP = require(`${process.env.DEBUGGERS}/npm/node_modules/chrome-remote-interface`);

const [, , port, then, first] = process.argv;
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

async function connect() {
  for (;;) {
    try {
      return await CDP({ host: '127.0.0.1', port, target: `ws://127.0.0.1:${port}/${process.env.TOKEN ?? 'whatever'}`, local: true });
    } catch {
      await pause(); // nothing listens yet
    }
  }
}

async function main() {
  const client = await connect();
  const { Runtime, Debugger } = client;
  client.on('disconnect', () => {
    console.log('disconnected');
    process.exit();
  });
  console.log('attached');
  if (first) process.exit();
  if (then === 'idle') return;
  Debugger.paused(async ({ callFrames: [frame] }) => {
    const { callFrameId, functionName, location } = frame;
    const { result } = await Debugger.evaluateOnCallFrame({ callFrameId, expression: 'secret' }).catch(() => ({ result: {} }));
    console.log(`paused in ${functionName} at line ${location.lineNumber + 1}: ${result.value}`);
    if (then === 'go') process.exit();
    if (then === 'resume') await Debugger.resume();
  });
  await Runtime.enable();
  await Debugger.enable();
  await Runtime.runIfWaitingForDebugger();
}

main();
