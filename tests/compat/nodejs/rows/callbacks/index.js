let late = 0;

exports.handler = (event, context, callback) => {
  switch (event) {
    case 'result': return callback(null, { late });
    case 'error': return callback(new RangeError('far'));
    case 'text': return callback('a text');
    case 'later': return setTimeout(() => callback(null, 'later'), 5);
    case 'waits': setTimeout(() => (late += 1), 50); return callback(null, 'waited');
    case 'does not wait':
      context.callbackWaitsForEmptyEventLoop = false;
      setTimeout(() => (late += 10), 2000);
      return callback(null, 'soon');
    case 'never': return undefined;
    case 'twice': callback(null, 'first'); return callback(null, 'second');
    case 'returns': return 'is not looked at';
  }
};
