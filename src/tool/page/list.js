'use strict';
// The list: a grid with a row for each invocation, newest first. Arrow keys move, Enter opens.

/** So many rows are there at once; a button shows as many more. */
const ROWS = 200;

const list = { rows: new Map(), shown: [], limit: ROWS, current: null, words: [], show: 'all', function: '' };

const STATES = { ok: 'ok', failed: 'failed', running: 'running' };

function matches(invocation) {
  const { state, isCold, function: name } = invocation;
  if (list.show === 'cold' ? !isCold : list.show !== 'all' && list.show !== state) return false;
  if (list.function && list.function !== name) return false;
  return list.words.length === 0 || list.words.every((word) => searched(invocation).includes(word));
}

/** What the filter looks at. */
function searched({ requestId, function: name, source, state, isCold, environment, error, log }) {
  const words = [requestId, name, source, state, isCold && 'cold start', `#${environment}`, error?.errorType, error?.errorMessage, ...log];
  return words.filter(Boolean).join('\n').toLowerCase();
}

function drawList() {
  const all = [...store.invocations.values()].sort((one, other) => other.start - one.start);
  const fitting = all.filter(matches);
  list.shown = fitting.slice(0, list.limit);
  const body = byId('rows');
  list.shown.forEach((invocation, index) => {
    const { row } = rowOf(invocation);
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
  while (body.children.length > list.shown.length) body.lastElementChild.remove();
  for (const id of list.rows.keys()) if (!store.invocations.has(id)) list.rows.delete(id);
  drawRest(all, fitting);
}

function drawRest(all, fitting) {
  const count = (test) => String(all.filter(test).length);
  setText(byId('count-all'), String(all.length));
  setText(byId('count-failed'), count(({ state }) => state === 'failed'));
  setText(byId('count-cold'), count(({ isCold }) => isCold));
  setText(byId('count-running'), count(({ state }) => state === 'running'));
  byId('nothing').hidden = list.shown.length > 0;
  setText(byId('nothing'), all.length ? 'No invocation fits the filter.' : 'No invocation yet. Send an event, or call the function.');
  byId('older').hidden = fitting.length <= list.shown.length;
  setText(byId('older'), `Show ${Math.min(ROWS, fitting.length - list.shown.length)} older ones`);
  scaleBars();
  markCurrent();
}

/** A few very long invocations do not make all others invisible: their bars are cut. */
const LONGEST_OF_MEDIAN = 25;

/** One scale for all bars. */
function scaleBars() {
  const times = list.shown.filter(({ state }) => state !== 'running').map(totalMs).sort((one, other) => one - other);
  const longest = Math.max(1, Math.min(times.at(-1) ?? 1, LONGEST_OF_MEDIAN * (times[times.length >> 1] ?? 1)));
  const body = byId('rows');
  if (body.dataset.longest === String(longest)) return;
  body.dataset.longest = String(longest);
  body.style.setProperty('--longest', longest);
  for (const invocation of list.shown) markCut(rowOf(invocation).cells[7].firstChild, invocation);
}

const markCut = (line, invocation) => line.classList.toggle('is-cut', totalMs(invocation) > Number(byId('rows').dataset.longest ?? Infinity));

function rowOf(invocation) {
  const { requestId } = invocation;
  const known = list.rows.get(requestId);
  if (known) return known;
  const cell = (name) => h('td', { class: name });
  const cells = ['c-status', 'c-function', 'c-source', 'c-env', 'c-at', 'c-memory', 'c-ms', 'c-bar'].map(cell);
  const row = h('tr', { role: 'row', tabindex: -1, 'aria-selected': 'false', 'data-id': requestId }, cells);
  const entry = { row, cells };
  list.rows.set(requestId, entry);
  fillRow(entry, invocation);
  return entry;
}

function fillRow({ row, cells }, invocation) {
  const [status, name, source, environment, at, memory, time, bar] = cells;
  const { state, isCold, error, requestId } = invocation;
  setClass(row, `is-${state}${isCold ? ' is-cold' : ''}`);
  const word = error?.errorType || STATES[state];
  status.replaceChildren(h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', { class: 'word', title: error?.errorMessage }, word));
  if (isCold) status.append(h('span', { class: 'cold' }, 'cold'));
  name.replaceChildren(h('span', { class: 'name' }, invocation.function), h('span', { class: 'id' }, requestId.slice(0, 8)));
  name.title = requestId;
  setText(source, invocation.source ?? '');
  setText(environment, invocation.environment ? `#${invocation.environment}` : '');
  setText(at, clockText(invocation.start));
  setText(memory, memoryText(invocation.memoryKb));
  setText(time, timeText(totalMs(invocation)));
  bar.replaceChildren(barOf(invocation));
  markCut(bar.firstChild, invocation);
}

/** The phases on a scale that all rows share. */
function barOf(invocation) {
  const line = h('span', { class: 'line', 'aria-hidden': 'true' });
  if (invocation.state === 'running') {
    const bar = h('span', { class: 'bar k-running' });
    bar.style.setProperty('--ms', totalMs(invocation));
    line.append(bar);
    return line;
  }
  for (const { kind, start, ms } of segmentsOf(invocation)) {
    if (kind === 'record') continue; // the handler's time has it
    const bar = h('span', { class: `bar k-${kind}` });
    bar.style.setProperty('--start', start);
    bar.style.setProperty('--ms', ms);
    line.append(bar);
  }
  return line;
}

/** Only rows of invocations under way change by themselves. */
function drawRunning() {
  const running = list.shown.filter(({ state }) => state === 'running');
  for (const invocation of running) {
    const { cells } = rowOf(invocation);
    setText(cells[6], timeText(totalMs(invocation)));
    cells[7].querySelector('.k-running')?.style.setProperty('--ms', totalMs(invocation));
  }
}

/** One row can be reached by Tab: the current one, or else the first. */
function markCurrent() {
  const current = list.rows.get(list.current)?.row;
  const reachable = current?.isConnected ? current : byId('rows').firstElementChild;
  for (const row of byId('rows').children) {
    const isSelected = row.dataset.id === details.id;
    if (row.getAttribute('aria-selected') !== String(isSelected)) row.setAttribute('aria-selected', String(isSelected));
    const index = row === reachable ? 0 : -1;
    if (row.tabIndex !== index) row.tabIndex = index;
  }
}

function moveTo(row) {
  if (!row) return;
  list.current = row.dataset.id;
  if (details.id) openDetails(row.dataset.id);
  markCurrent();
  row.focus();
  row.scrollIntoView({ block: 'nearest' });
}

const PAGE = 10; // rows

function pressedInList(event) {
  const rows = [...byId('rows').children];
  const at = rows.findIndex((row) => row === document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + PAGE, PageUp: at - PAGE, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    moveTo(rows[Math.max(0, Math.min(rows.length - 1, to))]);
  } else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) {
    event.preventDefault();
    openDetails(rows[at].dataset.id, true);
  } else if (event.key === 'Escape') {
    closeDetails();
  }
}

function startList() {
  byId('invocations').addEventListener('keydown', pressedInList);
  byId('rows').addEventListener('click', ({ target }) => {
    const row = target.closest('tr');
    if (!row) return;
    list.current = row.dataset.id;
    openDetails(row.dataset.id);
    row.focus({ preventScroll: true });
  });
  const again = () => ((changed.list = true), draw());
  byId('filter').addEventListener('input', ({ target }) => {
    list.words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
    again();
  });
  for (const radio of document.getElementsByName('show')) {
    radio.addEventListener('change', () => ((list.show = radio.value), again()));
  }
  byId('function').addEventListener('change', ({ target }) => ((list.function = target.value), again()));
  byId('older').addEventListener('click', () => ((list.limit += ROWS), again()));
  byId('clear').addEventListener('click', () => {
    for (const [id, { state }] of store.invocations) if (state !== 'running') store.invocations.delete(id);
    closeDetails();
    again();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    byId('filter').focus();
  });
}
