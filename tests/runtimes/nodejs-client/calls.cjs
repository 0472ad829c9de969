'use strict';
// What handlers log. Errors have one frame, since what calls this differs.
Error.stackTraceLimit = 1;

class OwnError extends Error {
  code = 'E_OWN';
}

const circular = { name: 'circular' };
circular.self = circular;

module.exports = [
  () => console.log(),
  () => console.log('text'),
  () => console.log(undefined),
  () => console.log(null),
  () => console.log(42),
  () => console.log(''),
  () => console.info({ msg: 'obj', nested: { list: [1, { a: null }] } }),
  () => console.log([1, 'two']),
  () => console.log('a %s %d %j %%', 'b', 3, { c: 4 }, 'rest', { d: 5 }),
  () => console.log('%s', 'only'),
  () => console.log({ first: 1 }, 'then'),
  () => console.log('two\nlines'),
  () => console.log('two\nlines', { of: 'several\nvalues' }),
  () => console.log('\r\n\n'),
  () => console.log(circular),
  () => console.log('it is', circular),
  () => console.log(10n),
  () => console.log({ big: 10n }),
  () => console.log(new Map([['k', 'v']])),
  () => console.log(() => {}),
  () => console.log(Symbol('s')),
  () => console.log({ toJSON: () => 'json' }),
  () => console.log({ get fine() { throw new Error('from a getter'); } }),
  () => console.log(new Date(0)),
  () => console.error(new Error('plain')),
  () => console.error(new OwnError('own')),
  () => console.error(new Error('outer', { cause: new TypeError('inner') })),
  () => console.error({ error: new RangeError('inside') }),
  () => console.error('failed:', new OwnError('own')),
  () => console.error('failed: %s', new TypeError('formatted'), new RangeError('second')),
  () => console.error(Object.assign(new Error('more'), { detail: { a: 1 } })),
  () => console.error(Object.assign(new Error('circular'), { circular })),
  () => console.trace('trace'),
  () => console.debug('debug'),
  () => console.warn('warn'),
  () => console.fatal('fatal'),
];
