'use strict';
// JSON: read with the digits as they came, shown with colours, and checked with the place of the fault.

/** Larger texts are shown without colours. In characters. */
const MAX_COLOURED = 100_000;
/** What is beyond is not shown. */
const MAX_SHOWN = 1_000_000;

/** Keeps the digits of a number that JavaScript would change, such as 1.10 or 12345678901234567890. */
function keepDigits(key, value, context) {
  const isChanged = typeof value === 'number' && context?.source && String(value) !== context.source;
  return isChanged && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

/** Parses a record. Its event and its response keep their digits; the rest has plain numbers. */
function parseRecord(text) {
  const { event, response } = JSON.parse(text, keepDigits);
  return { ...JSON.parse(text), event, response };
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON?.(value);

const prettyJson = (value) => JSON.stringify(value, null, 2) ?? '';

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;

/** The text of a value in a box that scrolls, with colours unless it is long. */
function jsonBox(label, text) {
  const shown = text.slice(0, MAX_SHOWN);
  const box = h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label });
  if (shown.length > MAX_COLOURED) box.textContent = shown;
  else box.append(...coloured(shown));
  if (shown.length < text.length) box.append(h('span', { class: 'cut' }, `\n… ${text.length - shown.length} more characters: Copy has all`));
  return box;
}

function coloured(text) {
  const nodes = [];
  let from = 0;
  const add = (kind, word) => nodes.push(h('span', { class: kind }, word));
  for (const { 0: all, 1: string, 2: colon, 3: number, index } of text.matchAll(TOKEN)) {
    nodes.push(text.slice(from, index));
    if (string) add(colon ? 'j-name' : 'j-text', string);
    else add(number ? 'j-number' : 'j-word', all);
    if (colon) nodes.push(colon);
    from = index + all.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** What is wrong with a text as JSON: { message, at, line, column }. Null if it is JSON. */
function jsonFault(text) {
  try {
    JSON.parse(text);
    return null;
  } catch {
    // the place is in no error of the language, and browsers differ
  }
  const { message, at } = faultIn(text);
  const before = text.slice(0, at).split('\n');
  return { message, at, line: before.length, column: before.at(-1).length + 1 };
}

function faultIn(text) {
  const reader = new JsonReader(text);
  try {
    reader.document();
  } catch (fault) {
    if (!(fault instanceof JsonFault)) return { message: 'it is not JSON', at: reader.at }; // too deep, or too long
    return fault;
  }
  return { message: 'it is not JSON', at: reader.at };
}

class JsonFault {
  constructor(message, at) {
    this.message = message;
    this.at = at;
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
const WORD = /(?:true|false|null)(?!\w)/y;
const CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Reads JSON only to find its first fault. */
class JsonReader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  document() {
    this.space();
    if (this.isAtEnd()) this.fail('there is nothing; {} is the smallest event');
    this.value();
    this.space();
    if (!this.isAtEnd()) this.fail('something follows the end of the value');
  }

  value() {
    const next = this.text[this.at];
    if (next === '{') return this.list('}', () => this.member());
    if (next === '[') return this.list(']', () => this.value());
    if (next === '"') return this.string();
    if (this.takes(NUMBER) || this.takes(WORD)) return undefined;
    if (next === "'") return this.fail('a string has double quotes');
    if (this.isAtEnd()) return this.fail('a value is missing at the end');
    return this.fail(/[,:}\]]/.test(next) ? `a value is missing before ${next}` : 'this is no value: a string has double quotes');
  }

  list(end, item) {
    this.at += 1;
    this.space();
    if (this.text[this.at] === end) return void (this.at += 1);
    for (;;) {
      item();
      this.space();
      if (this.text[this.at] === end) return void (this.at += 1);
      if (this.text[this.at] !== ',') this.fail(this.isAtEnd() ? `${end} is missing at the end` : `a comma or ${end} is missing`);
      const comma = this.at;
      this.at += 1;
      this.space();
      if (this.text[this.at] === end) this.fail(`there is a comma before ${end}`, comma);
    }
  }

  member() {
    if (this.text[this.at] !== '"') this.fail(this.isAtEnd() ? '} is missing at the end' : 'a name in double quotes is missing');
    this.string();
    this.space();
    if (this.text[this.at] !== ':') this.fail('a colon is missing after the name');
    this.at += 1;
    this.space();
    this.value();
  }

  string() {
    const start = this.at;
    this.at += 1;
    for (;;) {
      this.takes(CHARACTERS);
      if (this.text[this.at] === '"') return void (this.at += 1);
      if (this.isAtEnd()) this.fail('the string does not end', start);
      if (this.text[this.at] !== '\\') this.fail('a line break or a control character is in the string; write it as \\n');
      if (!this.takes(ESCAPE)) this.fail('after the backslash comes no such character; write a backslash as \\\\');
    }
  }

  takes(pattern) {
    pattern.lastIndex = this.at;
    const { 0: found } = pattern.exec(this.text) ?? [''];
    this.at += found.length;
    return found.length > 0;
  }

  space() {
    this.takes(SPACE);
  }

  isAtEnd() {
    return this.at >= this.text.length;
  }

  fail(message, at = this.at) {
    throw new JsonFault(message, at);
  }
}
