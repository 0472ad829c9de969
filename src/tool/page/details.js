'use strict';
// The panel of one invocation, with tabs, or of one execution environment.

const TABS = [
  ['timeline', 'Timeline'],
  ['event', 'Event'],
  ['response', 'Response'],
  ['log', 'Log'],
  ['context', 'Context'],
];

/** `id` is a request id or null; `environment` a number or null; `record` comes later than the panel. */
const details = { id: null, environment: null, record: null, trouble: null, tab: 'timeline' };

function startDetails() {
  byId('details').addEventListener('keydown', ({ key }) => key === 'Escape' && closeDetails());
}

/** Opens the panel of an invocation. `hasFocus`: the keyboard goes on in it. */
function openDetails(id, hasFocus = false) {
  const isNew = details.id !== id;
  if (isNew) Object.assign(details, { id, environment: null, record: null, trouble: null });
  byId('panes').classList.add('is-split');
  if (isNew) buildDetails();
  if (isNew) loadRecord();
  markCurrent();
  if (hasFocus) byId(`tab-${details.tab}`)?.focus();
}

function closeDetails() {
  const { id } = details;
  if (details.id === null && details.environment === null) return;
  Object.assign(details, { id: null, environment: null, record: null });
  byId('panes').classList.remove('is-split');
  byId('details').hidden = true;
  byId('details').replaceChildren();
  markCurrent();
  const row = list.rows.get(id)?.row;
  if (row?.isConnected) row.focus();
  else byId('invocations').focus();
}

async function loadRecord() {
  const { id } = details;
  if (store.invocations.get(id)?.state === 'running') return; // it comes at its end
  try {
    const record = await source.record(id);
    if (details.id !== id) return;
    details.record = record;
  } catch (why) {
    if (details.id !== id) return;
    details.trouble = why.message;
  }
  drawDetails();
}

function buildDetails() {
  const panel = byId('details');
  const tabs = TABS.map(([name, label]) =>
    h('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': 'tabpanel', click: () => choose(name) }, label),
  );
  const title = h('h2', { id: 'details-title' });
  const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close the details', click: closeDetails }, '×');
  const bar = h('div', { class: 'title' }, title, close);
  const facts = h('p', { class: 'facts', id: 'facts' });
  const actions = source.canSend && h('p', { class: 'actions' }, h('button', { type: 'button', id: 'replay', click: replay }, 'Replay'), h('button', { type: 'button', id: 'edit', click: edit }, 'Edit and send'));
  const tablist = h('div', { role: 'tablist', 'aria-label': 'Details', keydown: pressedInTabs }, tabs);
  const tabpanel = h('div', { role: 'tabpanel', id: 'tabpanel', tabindex: 0 });
  panel.replaceChildren(...[bar, facts, actions, tablist, tabpanel].filter(Boolean));
  panel.hidden = false;
  panel.scrollTop = 0;
  drawDetails();
}

function pressedInTabs(event) {
  const names = TABS.map(([name]) => name);
  const at = names.indexOf(details.tab);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(names.at(to % names.length));
  byId(`tab-${details.tab}`).focus();
}

function choose(tab) {
  details.tab = tab;
  drawDetails();
}

/** Draws title, tabs and the chosen tab anew. */
function drawDetails() {
  if (details.environment !== null) return drawEnvironment();
  const known = store.invocations.get(details.id);
  if (!known) return closeDetails(); // it was one too many
  const { state, error } = known;
  setText(byId('details-title'), known.function);
  const status = h('span', { class: `badge is-${state}` }, state === 'failed' ? error.errorType || 'failed' : STATES[state]);
  const cold = known.isCold && h('span', { class: 'cold' }, 'cold start');
  const id = h('button', { type: 'button', class: 'id', title: 'Copy the request id', click: ({ target }) => copy(target, known.requestId) }, known.requestId);
  byId('facts').replaceChildren(...[status, cold, id].filter(Boolean));
  for (const [name, label] of TABS) {
    const tab = byId(`tab-${name}`);
    const isChosen = name === details.tab;
    tab.setAttribute('aria-selected', String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    setText(tab, name === 'response' && error ? 'Error' : name === 'log' ? `Log ${known.lines || ''}`.trim() : label);
  }
  const panel = byId('tabpanel');
  panel.setAttribute('aria-labelledby', `tab-${details.tab}`);
  panel.replaceChildren(...[contents[details.tab](known, details.record)].flat().filter(Boolean));
  for (const name of ['replay', 'edit']) if (byId(name)) byId(name).disabled = !details.record;
}

const waiting = ({ state }) =>
  h('p', { class: 'hint' }, details.trouble ? `Cannot show it: ${details.trouble}` : state === 'running' ? 'It is under way.' : 'Loading');

const contents = {
  timeline: (known, record) => (known.state === 'running' ? waiting(known) : [waterfall(known), summary(known, record)]),
  event: (known, record) => (record ? part('Event', textOf(record, 'event')) : waiting(known)),
  response: (known, record) => (record ? (record.error ? errorPart(record) : responsePart(record)) : waiting(known)),
  log: (known, record) => (record || known.state === 'running' ? logPart(record?.log ?? known.log, known) : waiting(known)),
  context: (known, record) => (record ? contextPart(record) : waiting(known)),
};

function summary({ initMs, ms, memoryKb, isCold, environment, start }, record) {
  const records = record?.event?.Records ?? record?.event?.records;
  return factList([
    ['Started', new Date(start).toISOString()],
    ['Init', initMs == null ? null : timeText(initMs)],
    ['Invocation', timeText(ms)],
    ['Records in the event', Array.isArray(records) && String(records.length)],
    ['Memory', memoryText(memoryKb)],
    ['Environment', environment && `#${environment}${isCold ? ', its first invocation' : ''}`],
  ]);
}

const factList = (pairs) => h('dl', { class: 'pairs' }, pairs.filter(([, text]) => text).map(([name, text]) => h('div', null, h('dt', null, name), h('dd', null, text))));

/** The event or the response as text, and what kind of text. */
function textOf(record, name) {
  if (record[name] !== undefined) return { text: prettyJson(record[name]), kind: 'JSON' };
  if (record[`${name}Text`] !== undefined) return { text: record[`${name}Text`], kind: 'text' };
  const base64 = record[`${name}Base64`];
  return base64 === undefined ? { text: '', kind: 'nothing' } : { text: base64, kind: 'base64 of bytes that are no text' };
}

function part(label, { text, kind }, note) {
  const button = h('button', { type: 'button', class: 'small', click: ({ target }) => copy(target, text) }, 'Copy');
  return [h('p', { class: 'about' }, `${kind}, ${sizeText(text)}`, note, button), kind === 'JSON' ? jsonBox(label, text) : textBox(label, text)];
}

const textBox = (label, text) => h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label }, text.slice(0, MAX_SHOWN));

function responsePart(record) {
  const { response, streamed } = record;
  const status = isObject(response) && Number.isInteger(response.statusCode) ? `, HTTP status ${response.statusCode}` : '';
  const stream = streamed ? `, streamed${streamed.contentType ? ` as ${streamed.contentType}` : ''}` : '';
  return part('Response', textOf(record, 'response'), status + stream);
}

function errorPart({ error }) {
  const { errorType, errorMessage, stackTrace } = error;
  const lines = Array.isArray(stackTrace) ? stackTrace.map(String) : [];
  const stack = lines.length > 0 && h('pre', { class: 'code stack', tabindex: 0, role: 'region', 'aria-label': 'Stack' }, lines.join('\n'));
  const text = [errorType, errorMessage, ...lines].join('\n');
  const button = h('button', { type: 'button', class: 'small', click: ({ target }) => copy(target, text) }, 'Copy');
  return [h('p', { class: 'error-type' }, errorType), h('p', { class: 'error-message' }, errorMessage), stack, h('p', null, button)];
}

/** Lines of a log. Those that tell of an error are red, too. */
function logPart(log, { state, lines }) {
  if (log.length === 0) return h('p', { class: 'hint' }, state === 'running' ? 'Nothing has been written yet.' : 'Nothing was written.');
  const shown = log.slice(-MAX_LINES);
  const left = Math.max(lines ?? 0, log.length) - shown.length;
  const rows = shown.map((line) => h('li', { class: /\b(ERROR|FATAL|Traceback|Exception)\b/.test(line) ? 'is-error' : null }, printable(line)));
  const note = left > 0 && h('p', { class: 'hint' }, `The last ${shown.length} lines; ${left} came before.`);
  return [note, h('ol', { class: 'log', tabindex: 0, role: 'list', 'aria-label': 'Log' }, rows)];
}

/** Without the codes by which programs colour a terminal. */
const printable = (line) => line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '\ufffd');

function contextPart({ requestId, context = {}, source: from, at, environment, variables = [] }) {
  const { functionArn, traceId, tenantId, deadlineMs, clientContext, identity } = context;
  const deadline = deadlineMs && new Date(deadlineMs).toISOString();
  const facts = [['Request id', requestId], ['Started', at], ['Deadline', deadline], ['Source', from], ['Environment', environment && `#${environment}`]];
  const more = [['Function', functionArn], ['Trace id', traceId], ['Tenant', tenantId]];
  const json = [['Client context', clientContext], ['Identity', identity]].filter(([, value]) => value);
  const names = h('details', null, h('summary', null, `${variables.length} environment variables, by name`), h('ul', { class: 'names' }, variables.map((name) => h('li', null, name))));
  return [factList([...facts, ...more]), json.map(([name, value]) => [h('h3', null, name), jsonBox(name, prettyJson(value))]), variables.length > 0 && names].flat(3);
}
