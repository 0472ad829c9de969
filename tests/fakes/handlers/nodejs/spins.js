// Notes that it has begun, and never lets go of the event loop.
const fs = require('fs');
exports.handler = function spins() {
  fs.writeFileSync('spins', '');
  for (;;);
};
