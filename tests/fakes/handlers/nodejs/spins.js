// Notes its start, and blocks the event loop for ever.
const fs = require('fs');
exports.handler = function spins() {
  fs.writeFileSync('spins', '');
  for (;;);
};
