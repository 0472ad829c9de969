'use strict';
// console.log and the like as AWS writes them: text, or JSON with AWS_LAMBDA_LOG_FORMAT=JSON. Loaded at the first line.
const { format } = require('util');
const { stringify } = JSON;

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const LOWEST = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
const IS_JSON = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';

/** A line of the log, with the time and the request id; undefined if its level is too low. */
function line(requestId, level, values) {
  if (LEVELS.indexOf(level) < LOWEST) return undefined;
  const timestamp = new Date().toISOString();
  const message = format(...values);
  if (IS_JSON) return `${stringify({ timestamp, level, requestId, message })}\n`;
  return `${timestamp}\t${requestId ?? '-'}\t${level}\t${message}\n`;
}

module.exports = { line };
