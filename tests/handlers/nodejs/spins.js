// Never lets go of the event loop.
exports.handler = function spins() {
  for (;;);
};
