'use strict';
// Where the data come from: a server that tells what happens, or the data in a saved file.

const RETRY_MS = 2000;

async function asked(path, options) {
  const answer = await fetch(path, options);
  const text = await answer.text();
  if (answer.ok) return text;
  let why = answer.statusText;
  try {
    why = JSON.parse(text).message ?? why;
  } catch {
    // it is no answer of open-runtime's
  }
  throw new Error(why);
}

const live = {
  canSend: true,
  record: async (id) => parseRecord(await asked(`history/${encodeURIComponent(id)}`)),
  samples: async () => JSON.parse(await asked('samples')),
  invoke: async (body) => JSON.parse(await asked('invoke', { method: 'POST', headers: { 'content-type': 'application/json' }, body })),
};

/** The file that --timeline writes. `saved` has what the server would tell. */
const fromFile = (saved) => ({
  canSend: false,
  record: async (id) => {
    const text = saved.records[id];
    if (text === undefined) throw new Error('the file does not have it');
    return parseRecord(text);
  },
});

let source = live;

/** The connection over which the server tells, if there is one. */
let events = null;

/** A browser has six connections to a server at most, so that pages that nobody sees leave theirs to others. */
function connectIfSeen() {
  if (document.visibilityState === 'visible') connect();
  else disconnect();
}

function disconnect() {
  events?.close();
  events = null;
}

function connect() {
  if (events) return;
  const mine = new EventSource(`events?after=${encodeURIComponent(store.lastEnded)}`);
  events = mine;
  mine.onopen = () => tellConnection('live', 'live');
  mine.onerror = () => {
    tellConnection('gone', 'reconnecting');
    if (mine.readyState !== EventSource.CLOSED || events !== mine) return; // the browser tries again
    disconnect();
    setTimeout(connectIfSeen, RETRY_MS);
  };
  for (const [name, handle] of Object.entries(handlers)) {
    mine.addEventListener(name, ({ data, lastEventId }) => {
      handle(JSON.parse(data));
      store.lastEnded = lastEventId;
      draw();
    });
  }
}

function tellConnection(state, text) {
  setClass(byId('connection'), `connection is-${state}`);
  setText(byId('connection'), text);
}

function drawAll() {
  const { ids } = changed;
  if (changed.functions) drawFunctions();
  if (changed.environments) drawEnvironments();
  for (const id of ids) {
    const row = list.rows.get(id);
    if (row && store.invocations.has(id)) fillRow(row, store.invocations.get(id));
  }
  if (changed.list || list.words.length > 0) drawList();
  if (ids.has(details.id)) updateDetails();
  if (details.environment !== null && changed.environments) drawEnvironment();
  openWanted();
  changed.ids = new Set();
  changed.list = changed.environments = changed.functions = false;
}

function updateDetails() {
  const known = store.invocations.get(details.id);
  if (known && known.state !== 'running' && !details.record) loadRecord();
  if (known?.state === 'failed') announce(`Failed: ${known.error.errorType}`);
  drawDetails();
}

function tick() {
  if ([...store.invocations.values()].some(({ state }) => state === 'running')) drawRunning();
}

function start() {
  startList();
  startDetails();
  const saved = byId('saved');
  if (saved) {
    const data = JSON.parse(saved.textContent);
    source = fromFile(data);
    byId('compose').hidden = byId('clear').hidden = true;
    tellConnection('saved', `saved ${new Date(data.at).toLocaleString()}`);
    handlers.hello(data);
  } else {
    startSender();
    connectIfSeen();
    document.addEventListener('visibilitychange', connectIfSeen);
    setInterval(tick, 250);
  }
  draw();
}

start();
