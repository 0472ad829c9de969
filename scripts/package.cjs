#!/usr/bin/env node
// The command `open-runtime` of the npm package: starts the program in the package for this machine, in place of itself where
// Node.js can do that.
'use strict';

const packages = { 'linux x64': '@open-runtime/linux-x64', 'linux arm64': '@open-runtime/linux-arm64' };

function fail(why) {
  process.stderr.write(`open-runtime: ${why}\n`);
  process.exit(5);
}

function findProgram() {
  const machine = `${process.platform} ${process.arch}`;
  const name = packages[machine];
  if (!name) {
    fail(`there is no program for ${machine}, only for ${Object.keys(packages).join(' and ')}: run it in a Linux container`);
  }
  try {
    return require.resolve(`${name}/bin/open-runtime`);
  } catch {
    return fail(`cannot find the package ${name}: install open-runtime again on this machine, with optional dependencies`);
  }
}

function run(program, args) {
  if (process.execve) {
    process.execve(program, [program, ...args], process.env);
  }
  const child = require('child_process').spawn(program, args, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => fail(`cannot start ${program}: ${error.message}`));
  child.on('exit', (status, signal) => {
    if (signal) {
      signals.forEach((name) => process.removeAllListeners(name));
      process.kill(process.pid, signal); // to end as the program did
    } else {
      process.exit(status);
    }
  });
}

run(findProgram(), process.argv.slice(2));
