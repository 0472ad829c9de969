const http = require('http');

const url = process.env.URL.replace('127.0.0.1', 'localhost'); // Lumigo leaves out requests to 127.0.0.1

exports.handler = async (event) => {
  if (event.fail) throw new RangeError(`no stock for ${event.name}`);
  const response = await new Promise((resolve, reject) => http.get(`${url}/echo`, resolve).on('error', reject));
  response.resume();
  return response.statusCode;
};
