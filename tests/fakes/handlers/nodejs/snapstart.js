'use strict';
// For SnapStart: says in the file `said` when its hooks run. FAILS names the hook that fails.
const fs = require('fs');
const says = (what) => {
  fs.appendFileSync('said', `${what}\n`);
  if (process.env.FAILS === what) throw new RangeError(`${what} has failed`);
};
process.on('beforeSnapshot', async () => says('before'));
process.on('afterRestore', async () => says('after'));
process.on('afterRestore', () => process.env.HANGS && new Promise((resolve) => setTimeout(resolve, 60000)));
exports.handler = async (event) => {
  says('call');
  return event;
};
