'use strict';
// The execution environments: a chip for each, which opens its panel.

const ENVIRONMENT_STATES = { starting: 'Init', idle: 'idle', busy: 'busy', ended: 'ended', failed: 'Init failed' };

function drawEnvironments() {
  const all = [...store.environments.values()];
  byId('environments').replaceChildren(...(all.length ? all.map(chip) : [h('li', { class: 'hint' }, 'none')]));
}

/** What an environment does. Whether one is busy, the invocations know. */
function stateOf({ environment, state }) {
  const isBusy = [...store.invocations.values()].some((each) => each.state === 'running' && each.environment === environment);
  return isBusy && state === 'idle' ? 'busy' : state;
}

function chip(known) {
  const { environment, function: name, count, memoryKb } = known;
  const state = stateOf(known);
  const words = [ENVIRONMENT_STATES[state], `${count} invocation${count === 1 ? '' : 's'}`, memoryText(memoryKb)];
  const isOpen = details.environment === environment;
  const focused = document.activeElement?.dataset.environment === String(environment);
  const button = h(
    'button',
    { type: 'button', class: `chip is-${state}`, 'data-environment': environment, 'aria-pressed': String(isOpen), click: () => toggleEnvironment(environment) },
    h('span', { class: 'dot', 'aria-hidden': 'true' }),
    h('b', null, `#${environment}`),
    store.functions.length > 1 && h('span', { class: 'name' }, name),
    h('span', { class: 'words' }, words.filter(Boolean).join(' · ')),
  );
  if (focused) requestAnimationFrame(() => button.focus());
  return h('li', null, button);
}

function toggleEnvironment(environment) {
  if (details.environment === environment) return closeDetails();
  Object.assign(details, { id: null, environment, record: null });
  byId('panes').classList.add('is-split');
  byId('details').hidden = false;
  drawEnvironment();
  markCurrent();
  changed.environments = true;
  draw();
}

function drawEnvironment() {
  const known = store.environments.get(details.environment);
  if (!known) return closeDetails();
  const { environment, function: name, at, initMs, count, memoryKb, error, log } = known;
  const title = h('h2', { id: 'details-title' }, `Environment #${environment}`);
  const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close the details', click: closeDetails }, '×');
  const facts = factList([
    ['Function', name],
    ['State', ENVIRONMENT_STATES[stateOf(known)]],
    ['Started', at && new Date(at).toISOString()],
    ['Init', timeText(initMs)],
    ['Error in Init', error],
    ['Invocations', String(count)],
    ['Memory', memoryText(memoryKb)],
  ]);
  const lines = logPart(log, { state: 'ended' });
  byId('details').replaceChildren(h('div', { class: 'title' }, title, close), facts, h('h3', null, 'Log outside invocations'), ...[lines].flat().filter(Boolean));
}
