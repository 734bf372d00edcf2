// What the page scripts share: words, talking to the shop, messages, sheets, and swapping a part of the page.

const words = JSON.parse(document.getElementById('words')?.textContent || '{}');

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function say(key, values = {}) {
  return (words[key] || key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? '');
}

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export function newKey() {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function yuan(fen) {
  return [String(Math.floor(fen / 100)), String(fen % 100).padStart(2, '0')];
}

/** A refusal or a failure, with a sentence for the person; `status` is 0 when no answer came. */
export class Problem extends Error {
  constructor(message, { status = 0, code = '', details = {} } = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}

const GATEWAY = [502, 503, 504];

async function once(method, path, body, headers, timeout) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  try {
    const answer = await fetch(`/api/v1${path}`, {
      method, headers, signal: stop.signal, credentials: 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    let data = null;
    try { data = text ? JSON.parse(text) : null; } catch { /* a gateway's own page */ }
    if (answer.ok) return data;
    throw new Problem(data?.message || say(GATEWAY.includes(answer.status) || answer.status === 429 ? 'busy' : 'odd'),
      { status: answer.status, code: data?.code, details: data?.details });
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(say(error.name === 'AbortError' ? 'slow' : 'network'));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ask the JSON API. Whatever may safely be sent twice is sent again when no answer came: everything but a POST without a key.
 * Throws `Problem`; a needed sign-in leaves the page.
 */
export async function api(method, path, body, { key, timeout = 10000 } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  let left = method === 'POST' && !key ? 0 : 2;
  for (let pause = 500; ; pause *= 2) {
    try {
      return await once(method, path, body, headers, timeout);
    } catch (error) {
      if (error.code === 'sign_in_needed') return signIn();
      if (left-- <= 0 || !(error.status === 0 || GATEWAY.includes(error.status))) throw error;
      await wait(pause);
    }
  }
}

export function signIn() {
  location.assign(`/auth/wechat?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}

let shown;
export function toast(text) {
  shown?.remove();
  const note = document.createElement('div');
  note.className = 'toast';
  note.setAttribute('role', 'status');
  (document.querySelector('dialog[open]') || document.body).append(note);
  note.textContent = text;
  shown = note;
  setTimeout(() => note.remove(), 2200 + text.length * 60);
}

/** The sentence of a failure; a wrong program keeps its own voice in the console. */
export function explain(error) {
  if (!(error instanceof Problem)) console.error(error);
  return error instanceof Problem ? error.message : say('odd');
}

/** Run `work` with the button busy and deaf meanwhile; failures become a toast, or go to `onProblem`. */
export async function busy(button, work, onProblem = (error) => toast(explain(error))) {
  if (button?.getAttribute('aria-busy') === 'true') return undefined;
  button?.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } catch (error) {
    onProblem(error);
    return undefined;
  } finally {
    button?.removeAttribute('aria-busy');
  }
}

export function openSheet(sheet) {
  if (!sheet.dataset.wired) {
    sheet.dataset.wired = 'yes';
    sheet.addEventListener('click', (event) => {
      if (event.target === sheet || event.target.closest('[data-shut]')) sheet.close();
    });
  }
  if (!sheet.open) sheet.showModal();
}

/** A question in the middle of the page; true when answered with yes. */
export function ask({ title, text = '', yes = say('yes'), no = say('no') }) {
  const box = document.createElement('dialog');
  box.className = 'ask';
  box.innerHTML = '<form method="dialog"><div class="body"><h2 class="title"></h2><p></p></div>'
    + '<div class="acts"><button value="no"></button><button value="yes"></button></div></form>';
  $('h2', box).textContent = title;
  $('h2', box).id = 'ask-title';
  box.setAttribute('aria-labelledby', 'ask-title');
  text ? $('p', box).textContent = text : $('p', box).remove();
  $('[value=no]', box).textContent = no;
  $('[value=yes]', box).textContent = yes;
  document.body.append(box);
  box.showModal();
  return new Promise((done) => box.addEventListener('close', () => {
    box.remove();
    done(box.returnValue === 'yes');
  }));
}

/** The page at an address, as a document. */
export async function page(address) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 10000);
  try {
    const answer = await fetch(address, { credentials: 'same-origin', signal: stop.signal, headers: { Accept: 'text/html' } });
    if (!answer.ok) throw new Problem(say('busy'), { status: answer.status });
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(say('network'));
  } finally {
    clearTimeout(timer);
  }
}

/** Fetch this page again and put in its fresh parts; keyboard focus stays where it was. */
export async function refresh() {
  const fresh = await page(location.href);
  const focused = document.activeElement?.id;
  for (const part of $$('[data-part]')) {
    const now = $(`[data-part="${part.dataset.part}"]`, fresh);
    if (now) part.replaceWith(now);
  }
  showCount($('[data-cart-count]', fresh)?.textContent);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  document.dispatchEvent(new Event('refreshed'));
}

export function showCount(count) {
  if (count === undefined || count === null) return;
  for (const badge of $$('[data-cart-count]')) badge.textContent = Number(count) > 99 ? '99+' : Number(count) > 0 ? count : '';
}

/** What was typed, kept for this tab until it is done with. */
export const draft = {
  read(name) { try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; } },
  keep(name, value) { try { sessionStorage.setItem(name, JSON.stringify(value)); } catch { /* full or forbidden */ } },
  drop(name) { try { sessionStorage.removeItem(name); } catch { /* forbidden */ } },
};

/** The key of one act: the same body keeps its key until `drop`, also over a reload. */
export function keyFor(name, body) {
  const kept = draft.read(name);
  const text = JSON.stringify(body ?? null);
  if (kept?.text === text) return kept.key;
  const key = newKey();
  draft.keep(name, { key, text });
  return key;
}

/** Count down every [data-left] (seconds); the phone's own clock does not matter. `over` is called once at zero. */
export function countDown(over) {
  const spots = $$('[data-left]');
  if (!spots.length) return () => {};
  const start = performance.now();
  let done = false;
  const tick = () => {
    for (const spot of spots) {
      const left = Math.max(0, Math.ceil(spot.dataset.left - (performance.now() - start) / 1000));
      const pair = (number) => String(number).padStart(2, '0');
      const hours = Math.floor(left / 3600);
      spot.textContent = `${hours ? `${hours}:` : ''}${pair(Math.floor(left / 60) % 60)}:${pair(left % 60)}`;
      if (left === 0 && !done) {
        done = true;
        over?.();
      }
    }
  };
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}

export function wireStepper(step, changed) {
  const field = $('input', step);
  const set = (wanted) => {
    const value = Math.min(Math.max(Math.trunc(Number(wanted)) || Number(field.min), Number(field.min)), Number(field.max));
    if (Number(wanted) > Number(field.max)) toast(say('most', { count: field.max }));
    field.value = value;
    $('[data-less]', step).disabled = value <= Number(field.min);
    $('[data-add]', step).disabled = value >= Number(field.max);
    changed?.(value);
  };
  $('[data-less]', step).addEventListener('click', () => set(Number(field.value) - 1));
  $('[data-add]', step).addEventListener('click', () => set(Number(field.value) + 1));
  field.addEventListener('change', () => set(field.value));
  return set;
}
