// Obeys the event, and answers with it.
'use strict';
const { spawn } = require('node:child_process');

class Soaked extends Error {
  name = 'Soaked';
}

exports.handler = async event => {
  switch (event.do) {
    case 'fail': throw new Soaked('m');
    case 'exit': return process.exit(3);
    case 'dump': return process.kill(process.pid, 'SIGSEGV');
    case 'sleep': await new Promise(wake => setTimeout(wake, 60000)); break;
    case 'fork': spawn('sleep', ['60']).unref(); break;
    case 'shout': console.log('x'.repeat(5000)); break;
  }
  return event;
};
