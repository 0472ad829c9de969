exports.stops = async (event) => {
  const secret = 40 + 2;
  debugger;
  return { secret, has: Object.keys(event) };
};
