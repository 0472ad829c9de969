'use strict';
// Formats the lines of console as AWS does: text, or JSON with AWS_LAMBDA_LOG_FORMAT=JSON. Loaded at the first line.
const { format } = require('util');
const { stringify } = JSON;

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const LOWEST = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
const IS_JSON = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';

/** Returns a line of the log, with the time and the request id, or undefined if its level is too low. */
function line({ awsRequestId: requestId, tenantId } = {}, level, values) {
  if (LEVELS.indexOf(level) < LOWEST) return undefined;
  const timestamp = new Date().toISOString();
  if (IS_JSON) return `${json({ timestamp, level, requestId, tenantId: tenantId ?? undefined }, values)}\n`;
  // CloudWatch would take the text behind a line feed for another event.
  return `${timestamp}\t${requestId ?? '-'}\t${level}\t${text(values)}`.replaceAll('\n', '\r') + '\n';
}

/** One value is logged as it is. Several become a text; the first error among them gets members of its own. */
function json(head, values) {
  try {
    if (values.length <= 1) return stringify({ ...head, message: values[0] }, (_, value) => (value instanceof Error ? ofError(value) : value));
    const error = values.find((value) => value instanceof Error);
    return stringify({ ...head, message: text(values), ...(error && describe(error)) });
  } catch {
    return stringify({ ...head, message: text(values) });
  }
}

function ofError(error) {
  return Object.assign(describe(error), error);
}

function describe({ constructor, message, stack }) {
  return {
    errorType: constructor?.name ?? 'UnknownError',
    errorMessage: message,
    stackTrace: typeof stack === 'string' ? stack.split('\n') : [],
  };
}

/** Logging must not make the handler fail. */
function text(values) {
  try {
    return values.length > 0 ? format(...values) : 'undefined';
  } catch {
    return 'cannot format the values that were logged: a function of theirs threw an error';
  }
}

module.exports = { line };
