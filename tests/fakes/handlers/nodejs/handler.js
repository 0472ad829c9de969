// The same handlers as in ../python/handler.py.
'use strict';

exports.echo = async event => event;

exports.fill = async event => 'x'.repeat(event.characters);

exports.fails = async () => { throw new RangeError('out of luck'); };

exports.exits = async event => event.exit === undefined ? event : process.exit(event.exit);

exports.sleeps = async event => {
  if (event.ms) await new Promise(wake => setTimeout(wake, event.ms));
  return event;
};

exports.context = async (event, context) => ({
  hasRequestId: /^[0-9a-f-]{36}$/.test(context.awsRequestId),
  functionName: context.functionName,
  hasTimeLeft: context.getRemainingTimeInMillis() > 0,
});
