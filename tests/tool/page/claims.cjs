'use strict';
// The claims. Each has a tool of its own, with the real bootstrap and Node.js, and a tab of its own.
const assert = require('assert/strict');
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { withChromium } = require('../browser/chromium.cjs');
const { Tool, Page, ask } = require('./browser.cjs');

const claims = [];

/** `show(page, tool, tabs)` shows that the title is true. The page must not complain, unless `mayComplain` fits. */
function claim(title, show, { options = () => [], view = {}, mayComplain = /^$/ } = {}) {
  claims.push({ title, show, options, view, mayComplain });
}

/** A colour as [red, green, blue]. */
const colour = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
const isRed = ([red, green, blue]) => red > green + 60 && red > blue + 60;

claim('the page loads without a complaint of the browser, and shows the function and its environment', async (page) => {
  await page.isLive();
  assert.match(await page.text('.chip'), /#1\s*(Init|idle)/);
  assert.equal(await page.see('document.title'), 'function – Open Runtime');
  assert.match(await page.text('#nothing'), /No invocation yet/);
});

claim('an invocation appears while it runs, without a reload, and is completed when it ends', async (page, tool) => {
  await page.isLive();
  await page.see('window.isTheSame = true');
  const answered = tool.invoke({ ms: 1500, log: ['first words'] });
  await page.until(`document.querySelector('#rows tr.is-running .word')?.textContent === 'running'`);
  await page.click('#rows tr');
  await page.click('#tab-log');
  await page.says('#tabpanel', 'first words');
  await page.until(`document.querySelector('#rows tr.is-running')`);
  await page.ended(1);
  await answered;
  assert.equal(await page.see('window.isTheSame'), true);
  assert.match(await page.text('#rows tr .c-ms'), /^[1-9]\.\d\d s$/); // 1.5 s, and more on a busy machine
  await page.says('#tab-log', 'Log 1');
});

claim('a failing invocation is red, and has its error with the stack', async (page, tool) => {
  await tool.invoke({ fails: 'out of luck' });
  await tool.invoke({});
  await page.ended(2);
  const text = await page.see(`getComputedStyle(document.querySelector('#rows tr.is-failed .word')).color`);
  assert.ok(isRed(colour(text)), text);
  const other = await page.see(`getComputedStyle(document.querySelector('#rows tr.is-ok .word')).color`);
  assert.ok(!isRed(colour(other)), other);
  await page.colours('dark');
  const dark = await page.see(`getComputedStyle(document.querySelector('#rows tr.is-failed .word')).color`);
  assert.ok(isRed(colour(dark)) && dark !== text, dark);
  await page.click('#rows tr.is-failed');
  await page.click('#tab-response');
  assert.match(await page.says('#tabpanel', 'handler.js'), /RangeError[\s\S]*out of luck[\s\S]*exports\.obeys/);
  assert.equal(await page.text('#tab-response'), 'Error');
});

claim('a cold start is marked in words and by a hatched bar, and a warm one is not', async (page, tool) => {
  await tool.invoke({});
  await tool.invoke({});
  await page.ended(2);
  assert.deepEqual(await page.see(`[...document.querySelectorAll('#rows tr')].map((row) => !!row.querySelector('.cold'))`), [false, true]);
  const hatched = `[...document.querySelectorAll('#rows tr')].map((row) => [...row.querySelectorAll('.bar')].some((bar) => getComputedStyle(bar).backgroundImage.includes('gradient')))`;
  assert.deepEqual(await page.see(hatched), [false, true]);
  await page.click('#rows tr.is-cold');
  assert.match(await page.says('#tabpanel', 'handler'), /Init\s+[\d.]+ m?s/);
  await page.says('#facts', 'cold start');
});

claim('the waterfall has a row for each phase, one below the other in time', async (page, tool) => {
  await tool.invoke({ ms: 50 });
  await page.ended(1);
  await page.click('#rows tr');
  await page.says('#tabpanel', 'handler');
  const bars = await page.see(`[...document.querySelectorAll('.waterfall tbody tr:not(.sum)')].map((row) => {
    const { left, width } = row.querySelector('.bar').getBoundingClientRect();
    return [row.querySelector('th').innerText.trim(), left, width];
  })`);
  const names = bars.map(([name]) => name.split(' ')[0]);
  assert.deepEqual(names.slice(0, 2), ['Init', 'mapping']);
  assert.ok(names.includes('handler') && names.includes('post'), names.join());
  const steps = bars.filter(([name]) => !name.startsWith('between'));
  steps.reduce(([, left], next) => (assert.ok(next[1] >= left - 1, JSON.stringify(bars)), next));
  const [, , widest] = steps.find(([name]) => name.startsWith('handler'));
  assert.ok(widest > steps.find(([name]) => name.startsWith('post'))[2], JSON.stringify(bars));
});

claim('a batch has a bar for each record, within the time of the handler', async (page, tool) => {
  const { Records } = JSON.parse(fs.readFileSync(path.join(__dirname, '../../events/sqs.json'), 'utf8'));
  await tool.invoke({ Records: [...Records, ...Records].slice(0, 3) });
  await page.ended(1);
  await page.click('#rows tr');
  await page.says('#tabpanel', 'record 3');
  const bars = await page.see(`[...document.querySelectorAll('.waterfall tbody tr:not(.sum)')].map((row) => {
    const { left, right } = row.querySelector('.bar').getBoundingClientRect();
    return [row.querySelector('th').innerText.trim(), left, right];
  })`);
  const records = bars.filter(([name]) => name.startsWith('record'));
  const [, left, right] = bars.find(([name]) => name.startsWith('handler'));
  assert.deepEqual(records.map(([name]) => name), ['record 1', 'record 2', 'record 3'], JSON.stringify(bars));
  records.forEach((record) => assert.ok(record[1] >= left - 2 && record[2] <= right + 2, JSON.stringify(bars)));
});

claim('log lines are under their own invocation', async (page, tool) => {
  await tool.invoke({ log: ['apples', 'pears'] });
  await tool.invoke({ log: ['plums'] });
  await page.ended(2);
  await page.click('#rows tr:nth-child(2)');
  await page.click('#tab-log');
  const older = await page.says('#tabpanel', 'pears');
  assert.ok(older.includes('apples') && !older.includes('plums'), older);
  await page.click('#rows tr:nth-child(1)');
  assert.ok(!(await page.says('#tabpanel', 'plums')).includes('apples'));
});

claim('an event is sent as it was written, and its answer is shown', async (page) => {
  await page.isLive();
  await page.click('#compose');
  await page.write('{"price": 1.10, "big": 12345678901234567890, "answer": {"told": 42}}');
  await page.click('#send');
  await page.says('#fault', 'Sent');
  await page.says('#tabpanel', '"told": 42');
  assert.equal(await page.text('#rows .c-source'), 'page');
  await page.click('#tab-event');
  const event = await page.says('#tabpanel', '1.10');
  assert.ok(event.includes('12345678901234567890'), event);
});

claim('a sample of each kind of events can be chosen, and is sent', async (page) => {
  await page.isLive();
  await page.click('#compose');
  await page.until(`document.getElementById('sample').options.length > 80`);
  await page.see(`(sample.value = 's3', sample.dispatchEvent(new Event('change')))`);
  assert.match(await page.see('document.getElementById("event").value'), /"Records"/);
  await page.click('#send');
  await page.says('#details', 'Response');
  await page.click('#tab-timeline');
  assert.match(await page.says('#tabpanel', 'Records in the event'), /Records in the event\s+1/);
  await page.click('#tab-event');
  await page.says('#tabpanel', 'aws:s3');
});

claim('invalid JSON is told with its place, and is not sent', async (page) => {
  await page.isLive();
  await page.click('#compose');
  const faults = [
    ['{"a": 1,\n  b: 2}', 'Line 2, column 3: a name in double quotes is missing'],
    ['{"a": 1,}', 'Line 1, column 8: there is a comma before }'],
    ['[1 2]', 'Line 1, column 4: a comma or ] is missing'],
    ['{"a": "b', 'Line 1, column 7: the string does not end'],
    ["{'a': 1}", 'Line 1, column 2: a name in double quotes is missing'],
    ['{"a": undefined}', 'Line 1, column 7: this is no value'],
    ['{"a": 01}', 'Line 1, column 7'],
    ['{} {}', 'Line 1, column 4: something follows'],
    ['', 'Line 1, column 1: there is nothing'],
  ];
  for (const [text, message] of faults) {
    await page.write('x');
    if (text) await page.write(text);
    else await page.press('a', { ctrl: true }), await page.press('Backspace'), await page.see(`(event.value = '', document.getElementById('event').dispatchEvent(new Event('input')))`.replace('(event.value', `(document.getElementById('event').value`));
    await page.says('#fault', message);
    assert.equal(await page.see(`document.getElementById('event').getAttribute('aria-invalid')`), 'true');
  }
  await page.click('#send');
  assert.equal(await page.see('document.activeElement.id'), 'event');
  await page.write('{"answer": "good"}');
  await page.until(`document.getElementById('fault').textContent === ''`);
  await page.click('#send');
  await page.says('#tabpanel', '"good"');
  await page.rows(1);
});

claim('a former invocation is replayed with the same event, and can be changed and sent', async (page, tool) => {
  await tool.invoke('{"exact": 1.50, "answer": "a"}');
  await page.ended(1);
  await page.click('#rows tr');
  await page.until(`!document.getElementById('replay').disabled`);
  await page.click('#replay');
  await page.ended(2);
  assert.equal(await page.text('#rows tr:first-child .c-source'), 'replay');
  await page.click('#tab-event');
  await page.says('#tabpanel', '"exact": 1.50');
  await page.click('#edit');
  await page.until(`document.getElementById('event').value.includes('1.50')`);
  await page.write('{"answer": "b"}');
  await page.click('#send');
  await page.says('#tabpanel', '"b"');
  await page.rows(3);
});

claim('the keyboard alone suffices: an event is sent, the list and the tabs are walked through', async (page, tool) => {
  await page.isLive();
  const focused = () => page.see(`document.activeElement.id || document.activeElement.className || document.activeElement.tagName`);
  const tabTo = async (id) => {
    for (let count = 0; count < 25; count++) {
      await page.press('Tab');
      if ((await focused()) === id) return;
    }
    assert.fail(`Tab does not reach ${id}, but ${await focused()}`);
  };
  await tabTo('compose');
  await page.press('Enter');
  assert.equal(await focused(), 'event');
  await page.press('a', { ctrl: true });
  await page.see('document.activeElement.select()');
  await page.type('{"answer": "by keys", "log": ["typed"]}');
  await page.press('Enter', { ctrl: true });
  await page.says('#tabpanel', 'by keys');
  await page.press('Escape');
  assert.equal(await focused(), 'compose');
  await tool.invoke({ fails: 'second' });
  await page.ended(2);
  await page.see('document.activeElement.blur()');
  for (let count = 0; count < 30 && !(await page.see(`document.activeElement.closest?.('#rows')`).then(Boolean)); count++) await page.press('Tab');
  await page.press('Home');
  await page.press('ArrowDown');
  await page.press('Enter');
  await page.until(`document.activeElement.getAttribute('role') === 'tab'`);
  await page.press('Home');
  for (const tab of ['tab-event', 'tab-response', 'tab-log']) {
    await page.press('ArrowRight');
    assert.equal(await focused(), tab);
  }
  await page.says('#tabpanel', 'typed');
  await page.press('Tab');
  assert.equal(await focused(), 'tabpanel');
  await page.press('Escape');
  await page.until(`document.getElementById('details').hidden && document.activeElement.closest('#rows')`);
  await page.press('/');
  assert.equal(await focused(), 'filter');
  await page.type('second');
  await page.rows(1);
});

claim('the filter finds by words, by state, and by what was logged last', async (page, tool) => {
  await tool.invoke({});
  await tool.invoke({ fails: 'strawberries' });
  await tool.invoke({});
  await page.ended(3);
  const filter = (text) => page.see(`(filter.value = ${JSON.stringify(text)}, filter.dispatchEvent(new Event('input')))`);
  for (const [text, count] of [['STRAWberries failed', 1], ['cold', 1], ['invoke', 3], ['nowhere', 0], ['', 3]]) {
    await filter(text);
    await page.rows(count);
  }
  for (const [state, count] of [['failed', 1], ['cold', 1], ['running', 0], ['all', 3]]) {
    await page.click(`input[value=${state}]`);
    await page.rows(count);
  }
  assert.equal(await page.text('#count-failed'), '1');
});

const XSS = `<img src=x onerror="document.title='pwned'"></script><script>document.title='pwned'</script>`;

claim('what functions print and events hold stays text', async (page, tool) => {
  await tool.invoke({ log: [XSS, '\u001b[31mred\u001b[0m'], answer: { [XSS]: XSS } });
  await tool.invoke({ [XSS]: XSS, fails: XSS });
  await ask(`${tool.origin}/2015-03-31/functions/function/invocations`, { method: 'POST', body: '{}', headers: { 'x-amzn-trace-id': XSS, 'x-amz-tenant-id': XSS } });
  await page.ended(3);
  for (const row of [3, 2, 1]) {
    await page.click(`#rows tr:nth-child(${row})`);
    for (const tab of ['timeline', 'event', 'response', 'log', 'context']) {
      await page.click(`#tab-${tab}`);
      await page.until(`!document.getElementById('tabpanel').innerText.includes('Loading')`);
    }
  }
  await page.says('#tabpanel', XSS.slice(0, 20));
  await page.click('#rows tr:nth-child(3)');
  await page.click('#tab-log');
  assert.ok((await page.says('#tabpanel', 'onerror')).includes('</script>'));
  assert.equal(await page.see(`document.querySelectorAll('img, #details script').length`), 0);
  assert.ok(!(await page.see('document.title')).includes('pwned'));
});

claim('pages of other origins can neither read nor send', async (page, tool, tabs) => {
  await tool.invoke({});
  await page.rows(1); // a page behind another one is not drawn
  const own = ['', 'events', 'history', 'samples', 'page.js'].map((name) => [`${tool.page}${name}`, 'GET']);
  const foreign = [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { host: 'evil.example' }, { host: `0.0.0.0:${tool.port}` }];
  for (const headers of foreign) {
    for (const [url, method] of [...own, [`${tool.page}invoke`, 'POST'], [`${tool.page}invoke`, 'OPTIONS']]) {
      const { status } = await ask(url, { method, headers: { 'content-type': 'application/json', ...headers }, body: method === 'POST' ? '{"event":1}' : undefined });
      assert.equal(status, 403, `${method} ${url} ${JSON.stringify(headers)}`);
    }
  }
  const stranger = await Page.open(tabs, `http://localhost:${tool.port}/nothing`);
  const read = (what) => stranger.see(`fetch(${JSON.stringify(tool.page)} + ${JSON.stringify(what)}).then((answer) => answer.text(), () => 'nothing')`);
  for (const what of ['history', 'events', '']) assert.equal(await read(what), 'nothing');
  await stranger.see(`fetch(${JSON.stringify(`${tool.page}invoke`)}, { method: 'POST', mode: 'no-cors', body: '{"event":1}' }).catch(() => 0)`);
  await stranger.see(`new Promise((resolve) => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    frame.onload = resolve;
    frame.src = ${JSON.stringify(tool.page)};
  })`);
  assert.equal(await stranger.see('frames[0].length'), 0);
  await stranger.close();
  await page.rows(1); // only that of the first line
});

claim('with 500 invocations the page stays quick, and its rows are bounded', async (page, tool) => {
  await page.isLive();
  for (let batch = 0; batch < 50; batch++) await Promise.all(Array.from({ length: 10 }, () => tool.invoke({ answer: batch })));
  await page.until(`document.getElementById('count-all').textContent === '500'`);
  assert.equal(await page.see(`document.querySelectorAll('#rows tr').length`), 200);
  const nodes = await page.see(`document.querySelectorAll('*').length`);
  assert.ok(nodes < 5000, `${nodes} elements`);
  const ms = await page.see(`new Promise((resolve) => {
    const start = performance.now();
    document.querySelector('#rows tr:nth-child(100)').click();
    filter.value = 'ok';
    filter.dispatchEvent(new Event('input'));
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  })`);
  assert.ok(ms < 2000, `${ms} ms to the next picture`);
  await page.click('#older');
  await page.rows(400);
  await tool.invoke({});
  await page.until(`document.getElementById('count-all').textContent === '500'`); // the oldest has gone
});

claim('after a restart of the server the page goes on, with the new history', async (page, tool) => {
  await tool.invoke({});
  await page.ended(1);
  const { port } = tool;
  await tool.stop();
  await page.says('#connection', 'reconnecting');
  await tool.run(port, []);
  await page.isLive();
  await page.rows(0);
  await tool.invoke({ answer: 'after' });
  await page.ended(1);
}, { mayComplain: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/ });

claim('a page that comes back is told only what is new', async (page, tool) => {
  await tool.invoke({ answer: 1 });
  await page.ended(1);
  const last = await page.see('store.lastEnded');
  await page.see('disconnect()');
  await tool.invoke({ answer: 2 });
  const hello = await ask(`${tool.page}history?after=${last}`);
  const { isWhole, invocations } = JSON.parse(hello.text);
  assert.deepEqual([isWhole, invocations.length], [false, 1]);
  await page.see('connectIfSeen()');
  await page.ended(2);
});

claim('the file of --timeline opens without a server, and shows the same', async (page, tool, tabs) => {
  await tool.invoke({ log: ['kept', XSS, '\u2028'], answer: { price: 'A', text: XSS } });
  await tool.invoke('{"fails": "in the file", "digits": 1.10}');
  await page.ended(2);
  const table = `[...document.querySelectorAll('#rows tr')].map((row) => row.innerText)`;
  const shown = await page.see(table);
  await page.close(); // it would complain that the server has gone
  await tool.stop();
  const copy = await Page.open(tabs, pathToFileURL(path.join(tool.folder, 'saved.html')).href);
  await copy.ended(2);
  assert.deepEqual(await copy.see(table), shown);
  await copy.says('#connection', 'saved');
  assert.equal(await copy.see(`document.getElementById('compose').offsetParent`), null);
  await copy.click('#rows tr.is-failed');
  await copy.click('#tab-response');
  await copy.says('#tabpanel', 'handler.js');
  await copy.click('#tab-event');
  await copy.says('#tabpanel', '"digits": 1.10');
  await copy.click('#rows tr.is-ok');
  await copy.click('#tab-log');
  await copy.says('#tabpanel', 'kept');
  assert.deepEqual(copy.requests.filter((url) => !/^(file|data):/.test(url)), []);
  assert.deepEqual(copy.complaints, []);
  await copy.close();
}, { options: (folder) => ['--timeline', path.join(folder, 'saved.html')] });

claim('at 360 pixels nothing is cut off sideways, and details take the place of the list', async (page, tool) => {
  await tool.invoke({ fails: 'narrow', log: ['x'.repeat(500)] });
  await page.ended(1);
  const isWide = `document.documentElement.scrollWidth > 360 || document.querySelector('.list').scrollWidth > document.querySelector('.list').clientWidth`;
  assert.equal(await page.see(isWide), false);
  await page.click('#rows tr');
  for (const tab of ['timeline', 'event', 'response', 'log', 'context']) {
    await page.click(`#tab-${tab}`);
    await page.until(`!document.getElementById('tabpanel').innerText.includes('Loading')`);
    assert.equal(await page.see(`document.documentElement.scrollWidth > 360 || details.scrollWidth > details.clientWidth`.replaceAll('details', `document.getElementById('details')`)), false, tab);
  }
  assert.equal(await page.see(`document.querySelector('.list').offsetParent`), null);
  await page.click('.close');
  await page.until(`document.querySelector('.list').offsetParent`);
}, { view: { width: 360, height: 740 } });

const AXE = () => fs.readFileSync(require.resolve(`${process.env.DEBUGGERS}/npm/node_modules/axe-core/axe.min.js`), 'utf8');

/** axe runs in a world of its own, as the policy of the page allows no other script. */
async function axe(page, what) {
  await page.until(`document.getAnimations().every(({ playState }) => playState !== 'running') || true`);
  const { Page: pages, Runtime } = page.tab;
  const { frameTree } = await pages.getFrameTree();
  const { executionContextId: contextId } = await pages.createIsolatedWorld({ frameId: frameTree.frame.id });
  const { exceptionDetails: broken } = await Runtime.evaluate({ expression: `${AXE()}; true`, contextId });
  assert.equal(broken, undefined, JSON.stringify(broken));
  const expression = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => ({
    passed: passes.length,
    violations: violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html, failureSummary }) => [html.slice(0, 200), failureSummary])]),
  }))`;
  const { result, exceptionDetails } = await Runtime.evaluate({ expression, contextId, awaitPromise: true, returnByValue: true });
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  assert.deepEqual(result.value.violations, [], `${what}: ${JSON.stringify(result.value.violations, null, 1)}`);
  assert.ok(result.value.passed > 15, `${what}: ${result.value.passed} rules passed`);
}

for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360]]) {
  claim(`axe finds nothing that keeps people out: ${scheme}, ${width} pixels`, async (page, tool) => {
    await tool.invoke({ log: ['a line', 'an ERROR'], answer: { statusCode: 200, body: 'b', n: [1, null] } });
    await tool.invoke({ fails: 'red' });
    await page.ended(2);
    await axe(page, 'the list');
    await page.click('#compose');
    await page.write('{');
    await page.says('#fault', 'Line 1');
    await axe(page, 'the editor');
    await page.click('#put-away');
    for (const row of ['.is-failed', '.is-cold']) {
      await page.click(`#rows tr${row}`);
      for (const tab of ['timeline', 'event', 'response', 'log', 'context']) {
        await page.click(`#tab-${tab}`);
        await page.until(`!document.getElementById('tabpanel').innerText.includes('Loading')`);
        await axe(page, `${row} ${tab}`);
      }
    }
    await page.click('.chip');
    await page.says('#details', 'Environment #1');
    await axe(page, 'an environment');
  }, { view: { width, scheme } });
}

async function attempt({ title, show, options, view, mayComplain }, number, tabs) {
  let tool;
  let page;
  try {
    tool = await Tool.start(options);
    page = await Page.open(tabs, tool.page, view);
    await show(page, tool, tabs);
    assert.deepEqual(page.complaints.filter((text) => !mayComplain.test(text)), []);
    console.log(`ok ${number} - ${title}`);
    return true;
  } catch (why) {
    console.log(`not ok ${number} - ${title}`);
    for (const line of `${why.stack}\n${tool?.log ?? ''}`.split('\n').slice(0, 60)) console.log(`#\t${line}`);
    return false;
  } finally {
    await page?.close();
    await tool?.stop();
    tool?.remove();
  }
}

async function main() {
  const words = process.argv.slice(2);
  const chosen = claims.filter(({ title }) => words.length === 0 || words.some((word) => title.includes(word)));
  console.log(`1..${chosen.length}`);
  let failed = 0;
  await withChromium(async (tabs) => {
    for (const [index, one] of chosen.entries()) if (!(await attempt(one, index + 1, tabs))) failed += 1;
  });
  process.exit(failed > 0 || chosen.length === 0 ? 1 : 0);
}

main();
