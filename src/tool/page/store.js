'use strict';
// What is known: functions, execution environments, invocations. Changed by the server's events alone, shown by the other files.

/** The server keeps as many. Older ones go. */
const MAX_INVOCATIONS = 500;
/** Log lines that are kept of an invocation under way, or of an environment. */
const MAX_LINES = 1000;
/** Environments that have ended and are still shown. */
const MAX_ENDED = 5;

const store = {
  functions: [],
  environments: new Map(), // by number
  invocations: new Map(), // by request id, in the order of their start
  /** The request id of the last one that ended. A server that does not know it is another one. */
  lastEnded: '',
};

/** What changed since the last picture. */
const changed = { list: true, environments: true, functions: true, ids: new Set() };

/** An event of the server's. */
const handlers = {
  /** `isWhole`: these are all, not only what is new. */
  hello({ functions, environments, invocations, isWhole }) {
    if (isWhole) store.invocations.clear();
    store.environments.clear();
    store.functions = functions;
    environments.forEach((environment) => store.environments.set(environment.environment, environment));
    invocations.forEach((invocation) => (invocation.timing ? ended(invocation) : started(invocation)));
    changed.functions = changed.environments = changed.list = true;
  },

  'functions-changed': ({ functions }) => {
    store.functions = functions;
    changed.functions = changed.environments = changed.list = true;
  },

  'environment-started': ({ environment, function: name, at }) => {
    store.environments.set(environment, { environment, function: name, at, state: 'starting', count: 0, log: [] });
    forgetEnded();
    changed.environments = true;
  },

  'init-ended': ({ environment, ms, error }) =>
    changeEnvironment(environment, (known) => {
      Object.assign(known, { initMs: ms, error });
      if (known.state === 'starting') known.state = error ? 'failed' : 'idle';
    }),

  'environment-ended': ({ environment }) => {
    changeEnvironment(environment, (known) => Object.assign(known, { state: 'ended' }));
    forgetEnded();
  },

  'invocation-started': (invocation) => {
    if (store.invocations.has(invocation.requestId)) return; // `hello` had it
    started(invocation);
    changed.environments = true;
  },

  log({ requestId, environment, line }) {
    const invocation = store.invocations.get(requestId);
    if (invocation && invocation.state !== 'running') return; // its record has the line
    if (invocation) {
      addLine(invocation.log, line);
      invocation.lines += 1;
      touch(requestId);
    } else {
      changeEnvironment(environment, ({ log }) => addLine(log, line));
    }
  },

  'invocation-ended': (record) => {
    if (store.invocations.get(record.requestId)?.isEnded) return; // `hello` had it
    ended(record);
    changeEnvironment(record.environment, (known) => {
      known.count += 1;
      known.memoryKb = Math.max(known.memoryKb ?? 0, record.timing.memoryKb ?? 0) || undefined;
    });
  },
};

function addLine(log, line) {
  log.push(line);
  if (log.length > MAX_LINES) log.splice(0, log.length - MAX_LINES);
}

function started({ requestId, function: name, environment, at, source, log = [] }) {
  const start = Date.parse(at);
  const known = { requestId, function: name, environment, start, source, state: 'running', steps: [], log, lines: log.length };
  store.invocations.set(requestId, known);
  for (const oldest of store.invocations.keys()) {
    if (store.invocations.size <= MAX_INVOCATIONS) break;
    store.invocations.delete(oldest);
  }
  changed.list = true;
  touch(requestId);
}

/** `record` may be without event, response and log, and has then the number of its log lines. */
function ended(record) {
  const { requestId, error, timing, lines, log } = record;
  if (!store.invocations.has(requestId)) started(record);
  const known = store.invocations.get(requestId);
  if (record.environment) known.environment = record.environment;
  Object.assign(known, { error, isEnded: true, state: error ? 'failed' : 'ok', isCold: timing.coldStart, initMs: timing.initMs, ms: timing.durationMs });
  Object.assign(known, { steps: timing.steps ?? [], memoryKb: timing.memoryKb, lines: lines ?? log?.length ?? known.lines });
  known.log = [];
  changed.list = true;
  touch(requestId);
}

function touch(requestId) {
  changed.ids.add(requestId);
  draw();
}

function changeEnvironment(number, change) {
  const known = store.environments.get(number);
  if (known) change(known);
  changed.environments = true;
  draw();
}

function forgetEnded() {
  const gone = [...store.environments.values()].filter(({ state }) => state === 'ended');
  gone.slice(0, -MAX_ENDED).forEach(({ environment }) => store.environments.delete(environment));
}

/** Init and the invocation, in ms; of one under way what has passed. */
function totalMs({ state, start, ms, initMs }) {
  return state === 'running' ? Math.max(0, Date.now() - start) : (initMs ?? 0) + ms;
}

let isDrawing = false;

/** Draws what has changed at the next frame, however many events come until then. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    drawAll();
  });
}
