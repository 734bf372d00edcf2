// Opens WeChat's cashier and asks the shop whether the order is paid. What the cashier says is only a hint.
import { $, $$, api, busy, countDown, explain, newKey, wait } from './kit.js';
import { bridge, invoke } from './bridge.js';

const root = document.getElementById('pay');
const { order } = root.dataset;
const ASK_AGAIN_MS = [800, 1200, 1500, 2000, 2000, 3000, 3000, 4000, 5000, 5000, 8000, 10000];

function show(state) {
  root.dataset.state = state;
  for (const part of $$('[data-when]', root)) part.hidden = !part.dataset.when.split(' ').includes(state);
}

/** True when the order has left `unpaid`; shows what it became. */
async function settled() {
  const { status } = await api('GET', `/orders/${order}`);
  if (status === 'unpaid') return false;
  stopClock();
  show(status === 'cancelled' ? 'expired' : 'done');
  return true;
}

async function confirm() {
  show('confirming');
  for (const pause of ASK_AGAIN_MS) {
    try {
      if (await settled()) return;
    } catch { /* asked again below */ }
    await wait(pause);
  }
  show('unsure');
}

function failed(error) {
  $('[data-problem]', root).textContent = error ? explain(error) : '';
  show('failed');
}

async function start() {
  show('starting');
  const found = await bridge();
  if (!found) return show('outside');
  const answer = await api('POST', `/orders/${order}/payment`, {}, { key: newKey(), timeout: 20000 });
  if (answer.paid) return confirm();
  const told = await invoke(found, 'getBrandWCPayRequest', answer.jsapi);
  if (told === 'ok') return confirm();
  if (await settled()) return undefined;
  return told === 'cancel' ? show('cancelled') : failed();
}

async function tryStart(button) {
  await busy(button, start, async (error) => {
    const already = error.status === 409 && await settled().catch(() => false);
    if (!already) failed(error);
  });
}

const stopClock = countDown(() => setTimeout(() => settled().catch(() => {}), 3000));
for (const button of $$('[data-start]', root)) button.addEventListener('click', () => tryStart(button));
$('[data-check]', root)?.addEventListener('click', (event) => busy(event.currentTarget, confirm));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && ['unsure', 'cancelled', 'failed', 'ready', 'outside'].includes(root.dataset.state)) settled().catch(() => {});
});
if (root.dataset.state === 'ready' && location.hash === '#start') {
  history.replaceState(null, '', location.pathname + location.search);
  tryStart($('[data-start]', root));
}
