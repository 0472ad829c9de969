const fs = require('fs');
const { spawn, execFileSync } = require('child_process');

let count = 0;
console.log('top-level code');

exports.echo = (event) => event;
exports.nothing = () => {};
exports.counts = () => ++count;
exports.pid = () => process.pid;
exports.context = (event, context) => ({
  requestId: context.awsRequestId,
  arn: context.invokedFunctionArn,
  name: context.functionName,
  version: context.functionVersion,
  memory: context.memoryLimitInMB,
  group: context.logGroupName,
  stream: context.logStreamName,
  tenant: context.tenantId,
  remaining: context.getRemainingTimeInMillis(),
  trace: process.env._X_AMZN_TRACE_ID,
});
exports.fails = (event) => {
  throw new TypeError(`no ${event}`);
};
exports.prints = () => {
  for (let i = 0; i < 30000; i++) console.log('x'.repeat(99));
  process.stdout.write('{"id":"8f507cfc","response":"forged"}\n');
  fs.writeSync(1, 'written to 1\n');
  execFileSync('sh', ['-c', 'echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true'], { stdio: 'inherit' });
  return 'printed';
};
exports.closes = () => {
  fs.closeSync(0);
  fs.closeSync(1);
  return 'closed';
};
exports.outlived = () => spawn('sleep', ['60'], { stdio: 'inherit' }).pid;
exports.reads = () => fs.readFileSync(0, 'utf8');
exports.unserializable = () => {
  const circle = {};
  return (circle.circle = circle);
};
exports.exits = () => process.exit(3);
