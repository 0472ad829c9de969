'use strict';
// The box that sends events: samples, an editor that checks JSON, replay.

function startSender() {
  const editor = byId('event');
  byId('compose').addEventListener('click', () => showSender(byId('sender').hidden));
  byId('put-away').addEventListener('click', () => showSender(false));
  byId('sender').addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  byId('sender').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') showSender(false);
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  });
  editor.addEventListener('input', () => {
    byId('sample').value = '';
    check();
  });
  byId('tidy').addEventListener('click', () => {
    if (check()) write(prettyJson(JSON.parse(editor.value, keepDigits)));
  });
  byId('sample').addEventListener('change', ({ target }) => {
    if (target.value) write(samples[target.value]);
  });
}

/** Sample events by kind, as text. They come when the box is opened first. */
let samples = null;

async function showSender(isShown) {
  byId('sender').hidden = !isShown;
  byId('compose').setAttribute('aria-expanded', String(isShown));
  if (!isShown) return byId('compose').focus();
  byId('event').focus();
  samples ??= await source.samples().catch(() => null);
  if (samples && byId('sample').options.length === 1) byId('sample').append(...Object.keys(samples).map((kind) => h('option', { value: kind }, kind)));
  return undefined;
}

/** Shows a text in the editor. */
function write(text) {
  const editor = byId('event');
  editor.value = text;
  editor.setSelectionRange(0, 0);
  editor.scrollTop = 0;
  check();
}

/** True if the editor has JSON. Else it says what is wrong, and where. */
function check() {
  const fault = jsonFault(byId('event').value);
  byId('event').setAttribute('aria-invalid', String(fault !== null));
  tell(fault && `Line ${fault.line}, column ${fault.column}: ${fault.message}`);
  return fault === null;
}

/** A message below the editor. */
function tell(message, isGood = false) {
  setText(byId('fault'), message ?? '');
  byId('fault').classList.toggle('is-good', isGood);
}

async function send() {
  const text = byId('event').value;
  const fault = jsonFault(text);
  if (fault) {
    check();
    byId('event').focus();
    byId('event').setSelectionRange(fault.at, fault.at);
    return;
  }
  const name = JSON.stringify(byId('target').value || store.functions[0]?.name || '');
  // the event goes as it was written, so that numbers keep their digits
  await submit(`{"function":${name},"event":${text}}`, tell);
}

async function replay() {
  await submit(JSON.stringify({ replay: details.id }), announce);
}

/** Puts the event of the shown invocation into the editor. */
function edit() {
  const { record } = details;
  if (record.function) byId('target').value = record.function;
  showSender(true);
  byId('sample').value = '';
  write(textOf(record, 'event').text);
}

/** Sends, and opens the new invocation when it begins. `say` gets what is to be told. */
async function submit(body, say) {
  const button = byId('send');
  button.disabled = true;
  try {
    const { requestId } = await source.invoke(body);
    say('Sent', true);
    wanted = requestId;
    openWanted();
  } catch (why) {
    say(`Cannot send it: ${why.message}`);
  } finally {
    button.disabled = false;
  }
}

/** The request id of what was sent last. Its panel opens when it begins. */
let wanted = null;

function openWanted() {
  if (!wanted || !store.invocations.has(wanted)) return;
  list.current = wanted;
  const id = wanted;
  wanted = null;
  details.tab = 'response';
  openDetails(id);
}

function drawFunctions() {
  const names = store.functions.map(({ name }) => name);
  byId('target').replaceChildren(...names.map((name) => h('option', { value: name }, name)));
  byId('function').replaceChildren(h('option', { value: '' }, 'all'), ...names.map((name) => h('option', { value: name }, name)));
  byId('function').value = names.includes(list.function) ? list.function : '';
  byId('function-filter').hidden = names.length < 2;
  document.body.classList.toggle('has-one-function', names.length < 2);
  setText(document.querySelector('th.c-function'), names.length < 2 ? 'Request' : 'Function');
  document.title = names.length === 1 ? `${names[0]} – Open Runtime` : 'Open Runtime';
}
