'use strict';
// What went wrong, in AWS's words and form. Loaded at the first failure.
const util = require('util');

/** What AWS has a name for, and what is no error of the handler's. */
class Failure extends Error {
  constructor(name, message, stack = '') {
    super(message);
    Object.assign(this, { name, stack });
  }
}

/** The failure to import the handler's module; an error that the module's own code threw stays as it is. */
function ofImport(error, file) {
  const stack = String(error?.stack);
  const [head] = stack.split('\n'); // the place, of what was compiled as CommonJS
  const isESModule = /^ +at .*$/m.exec(stack)?.[0].includes('node:internal/modules/esm');
  if (error instanceof SyntaxError && (isESModule || !head.startsWith('SyntaxError'))) {
    const place = head.startsWith('SyntaxError') ? checkSyntax(file) : head;
    return new Failure('Runtime.UserCodeSyntaxError', `${error.message} (${place})`, stack);
  }
  if (/^(ERR_)?MODULE_NOT_FOUND$/.test(error?.code)) {
    return new Failure('Runtime.ImportModuleError', `cannot import ${file}: ${error.message}`, stack);
  }
  return error;
}

/** Where the syntax error of an ES module is: Node.js keeps that to itself, but prints it. Blocks for 2 s at most. */
function checkSyntax(file) {
  const { stderr } = require('child_process').spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 2000 });
  return /^.*:\d+$/m.exec(stderr) ?? `in ${file}, or what it imports`;
}

function describeMessage(error) {
  const message = String(error.message);
  if (message !== 'awslambda is not defined') return message;
  return `${message}: Open Runtime does not stream responses yet; let the handler return its whole response`;
}

/** Whether it is an error, or has all that makes one, as AWS's client has it: those of other realms and libraries. */
function isError(error) {
  if (error instanceof Error || util.types.isNativeError(error)) return true;
  try {
    return [error?.name, error?.message, error?.stack].every((member) => typeof member === 'string' && member !== '');
  } catch {
    return false;
  }
}

/** What was thrown, which can be anything, as an error of Lambda's. */
function describe(error) {
  try {
    if (!isError(error)) {
      const message = typeof error === 'string' ? error : util.inspect(error);
      return { errorType: typeof error, errorMessage: message, stackTrace: [] };
    }
    const stackTrace = [...describeStack(error)];
    const trace = String(error.stack || error).split('\n'); // as AWS's client has it, the message first
    return { errorType: String(error.name || 'Error'), errorMessage: describeMessage(error), stackTrace, trace };
  } catch {
    return { errorType: 'Error', errorMessage: 'the error that was thrown cannot be read', stackTrace: [] };
  }
}

const NOT_USERS = /\(?(node:(internal|async_hooks|events)|\S*\/runtimes\/nodejs\/\w+\.cjs:)/;

/** The frames of user code, and what caused the error. */
function* describeStack(error, depth = 0) {
  for (const line of String(error.stack).split('\n')) {
    if (/^ +at /.test(line) && !NOT_USERS.test(line)) yield line;
  }
  if (error.cause instanceof Error && depth < 8) {
    yield `Caused by ${error.cause.name}: ${error.cause.message}`;
    yield* describeStack(error.cause, depth + 1);
  }
}

module.exports = { Failure, describe, ofImport };
