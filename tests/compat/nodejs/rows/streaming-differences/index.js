// Handlers whose stream AWS's client sends otherwise. The event names one.
const { pipeline } = require('stream/promises');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function* broken() {
  yield 'x';
  await sleep(50);
  throw new RangeError('source');
}

const cases = {
  head: async (s) => awslambda.HttpResponseStream.from(s, { statusCode: 204 }).end(),
  end: async (s) => awslambda.HttpResponseStream.from(s, { statusCode: 201 }).end('x'),
  source: async (s) => pipeline(broken(), s),
  destroyed: async (s) => {
    s.write('x');
    await sleep(50);
    s.destroy(new RangeError('mine'));
  },
};

exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  await cases[event](stream);
});
