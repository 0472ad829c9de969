console.log('in Init');

exports.handler = async (event) => {
  console.log('text', { of: [1, { deep: { er: {} } }] });
  console.info('%s and %d', 'several', 3);
  console.debug('two\nlines');
  console.warn(new Map([[1, 2]]));
  console.error(Object.assign(new RangeError('far'), { code: 'E_FAR' }));
  console.error('caught', new TypeError('inner'));
  console.trace('trace');
  process.stdout.write('written\n');
  process.stderr.write('written to stderr\n');
  return 'ok';
};
