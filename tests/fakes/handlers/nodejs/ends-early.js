'use strict';

// Answers so many milliseconds before the end of the time that it is told it has.
exports.handler = (early, context) =>
  new Promise((resolve) => setTimeout(resolve, context.getRemainingTimeInMillis() - early, 'early'));
