'use strict';
// The phases of an invocation as segments of a bar: which, when, how long.

const NAMES = {
  init: 'Init',
  mapping: 'mapping',
  before: 'before hook',
  handler: 'handler',
  record: 'record',
  after: 'after hook',
  error: 'error hook',
  stream: 'stream',
  post: 'post',
  rest: 'between the steps',
};

/** Shorter times between two steps are not shown. In ms. */
const NOTHING = 0.05;

/**
 * The segments { kind, name, start, ms } in the order of their start, in ms since the first. What comes before the first step is
 * `mapping`: bootstrap takes the event and maps it. What comes after the last one is `post`: it sends the response. A step
 * without `atMs` begins when the one before it ended. The records of a batch are within the step `handler`, and follow it by number.
 */
function segmentsOf({ initMs, ms, steps }) {
  const segments = initMs == null ? [] : [{ kind: 'init', name: '', start: 0, ms: initMs }];
  const origin = initMs ?? 0;
  const records = [];
  let told = 0; // the end of the last step
  const addGap = (kind, from, to) => to - from > NOTHING && segments.push({ kind, name: '', start: origin + from, ms: to - from });
  for (const step of steps) {
    if (step.step === 'init') continue; // it is a part of Init
    const start = step.atMs ?? told;
    const kind = NAMES[step.step] ? step.step : 'rest';
    if (kind === 'record') {
      records.push({ kind, name: step.name, start: origin + start, ms: step.ms }); // it is a part of the handler's time
      continue;
    }
    addGap(told === 0 ? 'mapping' : 'rest', told, start);
    told = Math.max(told, start + step.ms);
    segments.push({ kind, name: step.name, start: origin + start, ms: step.ms });
  }
  addGap(steps.at(-1)?.atMs === undefined ? 'rest' : 'post', told, ms);
  segments.sort((one, other) => one.start - other.start);
  records.sort((one, other) => one.name - other.name); // the times of their starts are not as exact as their order
  segments.splice(segments.findIndex(({ kind }) => kind === 'handler') + 1, 0, ...records);
  return segments;
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function roundUp(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((times) => times * power).find((round) => round >= number * 0.999);
}

/** The waterfall of one invocation: a table with a bar for each step, below a scale. */
function waterfall(invocation) {
  const segments = segmentsOf(invocation);
  const total = Math.max(...segments.map(({ start, ms }) => start + ms), 0.01);
  const share = (ms) => `${Math.min(100, (100 * ms) / total)}%`;
  const barOf = ({ kind, start, ms }) => {
    const bar = h('span', { class: `bar k-${kind}` });
    bar.style.left = share(start);
    bar.style.width = share(ms);
    return bar;
  };
  const row = (kind, name, ms, bars) => {
    const label = h('th', { scope: 'row', class: kind === 'record' && 'part' }, h('span', { class: `key k-${kind}` }), NAMES[kind], name && h('span', { class: 'name' }, ` ${name}`));
    return h('tr', null, label, h('td', { class: 'track' }, bars), h('td', { class: 'number' }, timeText(ms)));
  };
  const steps = segments.filter(({ kind }) => kind !== 'rest');
  const rest = segments.filter(({ kind }) => kind === 'rest');
  const rows = steps.map((segment) => row(segment.kind, segment.name, segment.ms, barOf(segment)));
  const sumOf = (all) => all.reduce((sum, { ms }) => sum + ms, 0);
  if (rest.length > 0) rows.push(row('rest', '', sumOf(rest), rest.map(barOf))); // in one row, as they are many and short
  const head = h('tr', null, h('th', { scope: 'col' }, 'Phase'), h('th', { scope: 'col', class: 'track' }, scale(total)), h('th', { scope: 'col', class: 'number' }, 'Time'));
  const sum = h('tr', { class: 'sum' }, h('th', { scope: 'row' }, 'In all'), h('td', null), h('td', { class: 'number' }, timeText(total)));
  return h('table', { class: 'waterfall', 'aria-label': 'Waterfall' }, h('thead', null, head), h('tbody', null, rows, sum));
}

function scale(total) {
  const step = roundUp(total / 4);
  const marks = [];
  for (let ms = 0; ms < total * 0.9; ms += step) {
    const mark = h('span', { class: 'tick' }, ms === 0 ? '0' : timeText(ms).replace(/\.0+ /, ' '));
    mark.style.left = `${(100 * ms) / total}%`;
    marks.push(mark);
  }
  return h('span', { class: 'scale' }, h('span', { class: 'unseen' }, 'Bar'), h('span', { 'aria-hidden': 'true' }, marks));
}
