'use strict';
// Describes errors in the form of AWS's client. Loaded at the first failure.
const util = require('util');

/** A failure that AWS has a name for. The handler did not throw it. */
class Failure extends Error {
  constructor(name, message, stack = '') {
    super(message);
    Object.assign(this, { name, stack });
  }
}

/** Describes why the handler's module cannot be imported. An error that the module's own code threw stays as it is. */
function ofImport(error, file) {
  const stack = String(error?.stack);
  const [head] = stack.split('\n'); // the place, if the file was compiled as CommonJS
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

/** Where the syntax error of an ES module is. The error does not have it, but `node --check` prints it. Blocks for at most 2 s. */
function checkSyntax(file) {
  const { stderr } = require('child_process').spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 2000 });
  return /^.*:\d+$/m.exec(stderr) ?? `in ${file}, or in a file that it imports`;
}

/** As AWS's client has it: an error of another realm or library counts if it has a name, a message and a stack. */
function isError(error) {
  if (error instanceof Error || util.types.isNativeError(error)) return true;
  try {
    return [error?.name, error?.message, error?.stack].every((member) => typeof member === 'string' && member !== '');
  } catch {
    return false;
  }
}

/** Turns a thrown value, which can be anything, into an error of Lambda's. */
function describe(error) {
  try {
    if (!isError(error)) {
      const message = typeof error === 'string' ? error : util.inspect(error);
      return { errorType: typeof error, errorMessage: message, stackTrace: [] };
    }
    const stackTrace = [...describeStack(error)];
    const trace = String(error.stack || error).split('\n'); // as in AWS's client, the message comes first
    return { errorType: String(error.name || 'Error'), errorMessage: String(error.message), stackTrace, trace };
  } catch {
    return { errorType: 'Error', errorMessage: 'cannot read the error that was thrown', stackTrace: [] };
  }
}

const INTERNAL_FRAME = /\(?(node:(internal|async_hooks|events)|\S*\/runtimes\/nodejs\/\w+\.cjs:)/;

/** The stack frames of user code, and those of the error's causes. */
function* describeStack(error, depth = 0) {
  for (const line of String(error.stack).split('\n')) {
    if (/^ +at /.test(line) && !INTERNAL_FRAME.test(line)) yield line;
  }
  if (error.cause instanceof Error && depth < 8) {
    yield `Caused by ${error.cause.name}: ${error.cause.message}`;
    yield* describeStack(error.cause, depth + 1);
  }
}

module.exports = { Failure, describe, ofImport };
