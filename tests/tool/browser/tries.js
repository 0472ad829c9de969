'use strict';
// All ways in which a page can send data to a port of the browser's machine. Runs in the page.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const LIMIT = 60_000; // ms
const OPENING = 1500; // ms until a window or a frame has loaded

/**
 * Sends URL?try=NAME in each way; what is posted is `body`. `site` is a server of the page's that redirects: /STATUS?URL.
 * Says what was tried, and what the page could read of the answers: [[NAME, text or nothing]].
 */
async function tries(url, body, site) {
  const all = [];
  const attempt = (name, act) => {
    const sent = Promise.resolve(`${url}?try=${name}`).then(act);
    all.push(Promise.race([sent.catch(() => undefined), pause(LIMIT)]).then((text) => [name, text ? String(text).slice(0, 200) : '']));
  };

  const fetched = (options) => async (to) => (await fetch(to, options)).text();
  const hidden = { mode: 'no-cors', referrerPolicy: 'no-referrer' };
  attempt('fetch', fetched({ credentials: 'include' }));
  attempt('fetch-no-cors', fetched(hidden));
  attempt('head', fetched({ method: 'HEAD' }));
  attempt('post', fetched({ method: 'POST', body }));
  attempt('post-no-cors', fetched({ ...hidden, method: 'POST', body }));
  attempt('post-keepalive', fetched({ ...hidden, method: 'POST', body, keepalive: true }));
  attempt('post-long', fetched({ ...hidden, method: 'POST', body: body.repeat(50_000) }));
  attempt('post-event', fetched({ method: 'POST', body, headers: { 'x-amz-invocation-type': 'Event' } }));
  attempt('put', fetched({ method: 'PUT', body }));
  attempt('beacon', (to) => void navigator.sendBeacon(to, body));
  attempt('xhr', (to) => asked(to, body));
  attempt('websocket', (to) => opened(new WebSocket(to.replace('http', 'ws'))));
  attempt('event-source', (to) => opened(new EventSource(to)));
  attempt('worker', worked);

  attempt('image', loaded('img', 'src', { referrerPolicy: 'no-referrer' }, ({ naturalWidth }) => naturalWidth));
  attempt('image-cors', loaded('img', 'src', { crossOrigin: '' }, ({ naturalWidth }) => naturalWidth));
  attempt('script', loaded('script', 'src', {}, () => window.ran));
  attempt('module', loaded('script', 'src', { type: 'module' }, () => window.ran));
  attempt('style', loaded('link', 'href', { rel: 'stylesheet' }, ({ sheet }) => sheet?.cssRules[0]?.cssText));
  attempt('preload', loaded('link', 'href', { rel: 'preload', as: 'image' }));
  attempt('video', loaded('video', 'src', { preload: 'auto' }));
  attempt('object', loaded('object', 'data', {}, textOf));
  attempt('frame', loaded('iframe', 'src', {}, textOf));
  attempt('frame-sandboxed', loaded('iframe', 'src', { sandbox: 'allow-scripts' }, textOf));

  for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    const frame = added('iframe', { name: enctype });
    attempt(`form-${enctype.split('/')[1]}`, (to) => posted(to, enctype, body, frame.name).then(() => textOf(frame)));
  }
  attempt('form-of-nobody', (to) => {
    const form = `<form action="${to}" method=post enctype=text/plain><input name=a></form>`;
    const srcdoc = `${form}<script>document.forms[0].submit()</script>`;
    return added('iframe', { sandbox: 'allow-scripts allow-forms', srcdoc }) && pause(OPENING);
  });

  attempt('window', (to) => inWindow('1', (name) => window.open(to, name)));
  attempt('window-redirected', (to) => inWindow('2', (name) => window.open(`${site}302?${encodeURIComponent(to)}`, name)));
  attempt('window-posted', (to) => inWindow('3', (name) => posted(to, 'text/plain', body, name)));
  attempt('window-posted-redirected', (to) =>
    inWindow('4', (name) => posted(`${site}307?${encodeURIComponent(to)}`, 'text/plain', body, name)),
  );

  attempt('turn', (to) => turned(new URL(to).host, body));
  attempt('preconnect', async (to) => {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'preconnect', href: new URL(to).origin }));
    await pause(OPENING); // a connection that has sent nothing
    return fetched({ ...hidden, method: 'POST', body })(to);
  });
  return Promise.all(all);
}

const asked = (to, body) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.onloadend = () => resolve(request.responseText);
    request.open('POST', to);
    request.send(body);
  });

const opened = (source) =>
  new Promise((resolve) => {
    source.onopen = () => resolve('opened');
    source.onerror = () => resolve(source.close());
  });

const worked = (to) =>
  new Promise((resolve) => {
    const code = `importScripts(${JSON.stringify(to)}); postMessage('ran')`;
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve();
  });

const added = (tag, attributes) => document.body.appendChild(Object.assign(document.createElement(tag), attributes));

const loaded = (tag, where, attributes, look = () => undefined) => (to) =>
  new Promise((resolve) => {
    const element = added(tag, attributes);
    element.onload = element.onerror = () => resolve(look(element));
    element[where] = to;
  });

const textOf = (frame) => frame.contentDocument?.body?.innerText;

const posted = (to, enctype, body, target) => {
  const form = added('form', { action: to, method: 'post', enctype, target });
  form.append(Object.assign(document.createElement('textarea'), { name: body }));
  form.submit();
  return pause(OPENING);
};

const inWindow = async (name, lead) => {
  const opened = window.open('about:blank', name);
  await lead(name);
  await pause(OPENING);
  const text = opened?.location.href.startsWith('http') ? opened.document.body.innerText : '';
  opened?.close();
  return text;
};

/** What a server for video calls is asked, over TCP and TLS, has a name in it that the page chooses. */
const turned = async (host, body) => {
  const urls = [`turn:${host}?transport=tcp`, `turns:${host}?transport=tcp`];
  const peer = new RTCPeerConnection({ iceServers: [{ urls, username: `\n${body}\n`, credential: 'a' }] });
  peer.createDataChannel('a');
  const over = new Promise((resolve) => (peer.onicecandidate = ({ candidate }) => candidate ?? resolve()));
  await peer.setLocalDescription(await peer.createOffer());
  await over;
  peer.close();
};
