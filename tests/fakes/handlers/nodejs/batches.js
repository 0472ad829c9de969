'use strict';

// Obeys the text of each record, and writes the order of the calls into the file `calls`.
const { appendFileSync } = require('node:fs');

const base64 = (text) => Buffer.from(text, 'base64').toString();

const textOf = ({ body, kinesis, dynamodb, value }) =>
  body ?? dynamodb?.Keys.id.S ?? base64(kinesis?.data ?? value);

/** Waits until ten calls are here. The timer tells Node.js that something is still to come. */
const here = [];
const meet = async () => {
  const timer = setTimeout(() => {}, 60_000);
  await new Promise((resolve) => {
    if (here.push(resolve) === 10) here.forEach((go) => go());
  });
  clearTimeout(timer);
};

exports.handle = async (event) => {
  const text = textOf(event.data);
  appendFileSync('calls', `${text}\n`);
  if (text.startsWith('bad')) throw new Error(text);
  if (text.startsWith('hang')) await new Promise(() => setTimeout(() => {}, 60_000));
  if (text.startsWith('meet')) await meet();
  if (text.startsWith('own')) return { batchItemFailures: [{ itemIdentifier: event.data.messageId }] };
  return text;
};

exports.all = async (events) => ({ batchItemFailures: [{ itemIdentifier: events[1].data.messageId }] });

exports.respond = async () => ({ specversion: '1.0', id: '1', source: '/s', type: 't', data: { a: 1 } });
