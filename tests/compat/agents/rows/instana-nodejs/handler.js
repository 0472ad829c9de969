const http = require('http');

exports.handler = async (event) => {
  if (event.fail) throw new RangeError(`no stock for ${event.name}`);
  const response = await new Promise((resolve, reject) => http.get(`${process.env.URL}/echo`, resolve).on('error', reject));
  response.resume();
  return response.statusCode;
};
