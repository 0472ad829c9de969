'use strict';
// Elements and texts. What functions and events hold becomes text nodes only, never HTML.

const byId = (id) => document.getElementById(id);

/** An element. An attribute that is true is set empty, one that is false, null or undefined is left out. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Replaces the text if it differs, so that nothing is laid out again in vain. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const setClass = (element, name) => element.className === name || (element.className = name);

/** A length of time. */
function timeText(ms) {
  if (ms == null) return '';
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

const memoryText = (kb) => (kb == null ? '' : `${Math.ceil(kb / 1024)} MB`);

/** How long a text is, in bytes of UTF-8. */
function sizeText(text) {
  const bytes = new Blob([text]).size;
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The time of day with milliseconds. */
function clockText(ms) {
  const at = new Date(ms);
  const two = (number) => String(number).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** Tells a screen reader, which sees no colours, what came of a command. */
function announce(text) {
  byId('news').textContent = text;
}

/** Copies a text, and says so on the button for a moment. */
async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed by the browser';
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = label), 1500);
}
