'use strict';
// Returns what the context shows, as pairs of a path and a value.
const CALLED = ['w3c', 'getRemainingTimeInMillis'];

exports.show = async (event, context) => {
  const { _X_AMZN_TRACE_ID: traceId } = process.env;
  return [...members('', context), ...(traceId ? [['$_X_AMZN_TRACE_ID', traceId]] : [])];
};

function members(path, value) {
  if (typeof value !== 'object' || value === null || value instanceof AbortSignal) return [[path, typeof value === 'object' ? null : value]];
  return names(value).flatMap((name) => {
    const place = path ? `${path}.${name}` : name;
    if (typeof value[name] !== 'function') return members(place, value[name]);
    return CALLED.includes(name) ? members(`${place}()`, value[name]()) : [[`${place}()`, null]];
  });
}

function names(value) {
  const { constructor, ...inherited } = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(value));
  return [...Object.keys(value), ...(constructor.value === Object ? [] : Object.keys(inherited))];
}
