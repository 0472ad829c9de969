'use strict';
// Loads the companions of middlewares for Node.js: modules that may patch anything and wrap the handler. See ../README.md.
const fs = require('fs');
const path = require('path');
const { Failure, describe } = require('./failures.cjs');

/** Imports the companions in the order of SLSCOMPANIONS. Returns what wraps a handler: the first companion is the outermost. */
async function load(importModule) {
  const wraps = [];
  for (const folder of process.env.SLSCOMPANIONS.split(':')) {
    const file = ['mjs', 'cjs', 'js'].map((extension) => path.resolve(folder, `nodejs.${extension}`)).find(fs.existsSync);
    if (file) wraps.unshift(await attempt(file, () => loadOne(file, importModule)));
  }
  return async (handler) => {
    for (const wrap of wraps) handler = await wrap(handler);
    return handler;
  };
}

async function loadOne(file, importModule) {
  const exported = await importModule(file);
  const wrap = exported?.wrap ?? exported?.default?.wrap ?? ((handler) => handler);
  if (typeof wrap !== 'function') throw new TypeError(`wrap is ${typeof wrap}, not a function`);
  return (handler) => attempt(file, async () => {
    const wrapped = await wrap(handler);
    if (typeof wrapped !== 'function') throw new TypeError(`wrap returned ${typeof wrapped}, not a function`);
    return wrapped;
  });
}

async function attempt(file, action) {
  try {
    return await action();
  } catch (error) {
    const { errorType, errorMessage } = describe(error);
    throw new Failure('Runtime.CompanionError', `the companion ${file} failed: ${errorType}: ${errorMessage}`, error?.stack);
  }
}

module.exports = { load };
