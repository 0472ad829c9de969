const circular = { name: 'circular' };
circular.self = circular;
const values = {
  bigint: 10n,
  circular,
  throws: { toJSON() { throw new TypeError('from toJSON'); } },
};

exports.handler = async (event) => values[event];
