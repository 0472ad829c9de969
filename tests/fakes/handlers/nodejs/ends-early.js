'use strict';

// Answers this many milliseconds before the end of its remaining time.
exports.handler = (early, context) =>
  new Promise((resolve) => setTimeout(resolve, context.getRemainingTimeInMillis() - early, 'early'));
