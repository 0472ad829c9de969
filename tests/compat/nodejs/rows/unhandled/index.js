exports.handler = async (event) => {
  if (event === 'rejection') Promise.reject(new RangeError('lost'));
  if (event === 'timer') setTimeout(() => { throw new RangeError('in a timer'); }, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return 'done';
};
