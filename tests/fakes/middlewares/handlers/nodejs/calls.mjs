import { get } from 'node:http'; // a patch of the module's object does not change this binding
import https from 'node:https';
import { createRequire } from 'node:module';

const http = createRequire(import.meta.url)('http');
const headers = { authorization: 'SECRET' };

/** The status of a request, or the code of its error. */
const outcome = (request, body) =>
  new Promise((resolve) => {
    request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode)));
    request.on('error', (error) => resolve(error.code));
    request.end(body);
  });

export const handler = async ({ port }) => {
  const origin = `127.0.0.1:${port}`;
  const posted = { host: '127.0.0.1', port, path: '/missing/?SECRET', method: 'POST', headers };
  const fetched = await fetch(`http://${origin}/fetch?SECRET`, { method: 'POST', body: 'SECRET', headers });
  return [
    await outcome(get(`http://${origin}/get?SECRET`, { headers })),
    await outcome(http.request(posted), 'SECRET'),
    fetched.status,
    await fetched.text(),
    await outcome(https.get(`https://${origin}/no-tls`)),
    await fetch('http://127.0.0.1:9/refused').catch((error) => error.message),
  ];
};

/** One that answers through its callback, and throws the response to its own request away. */
export const withCallback = ({ port }, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  const request = http.get(`http://127.0.0.1:${port}/unheard`);
  request.on('close', () => callback(null, 'closed'));
};
