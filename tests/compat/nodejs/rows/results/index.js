const values = {
  undefined: undefined,
  NaN,
  date: new Date(0),
  map: new Map([[1, 2]]),
  set: { set: new Set([1]), nothing: undefined, fn() {} },
  buffer: Buffer.from('ü'),
  text: 'ü\u2028\ud800',
  deep: { toJSON: () => ({ json: true }) },
};

exports.handler = async (event) => values[event];
