// Streams a page: the caller gets each line when it is made.
const { setTimeout } = require('timers/promises');

async function* makeLines() {
  for (let number = 0; number < 3; number++) {
    yield `line ${number}\n`;
    await setTimeout(100);
  }
}

exports.lines = async () => ({ statusCode: 200, headers: { 'content-type': 'text/plain' }, body: makeLines() });
