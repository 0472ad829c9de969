exports.handler = async (event) => {
  throw new RangeError('no stock for ' + event.name);
};
