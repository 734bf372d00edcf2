// Has the customer confirm a transfer in WeChat and asks the shop whether it came. What WeChat's sheet says is only a hint.
import { $, $$, api, busy, explain, newKey, wait } from './kit.js';
import { bridge, invoke, permitted } from './bridge.js';

const root = document.getElementById('receive');
const { claim } = root.dataset;
const CALL = 'requestMerchantTransfer';
const ASK_AGAIN_MS = [800, 1200, 1500, 2000, 3000, 3000, 4000, 5000, 5000, 8000, 10000, 15000];
const OPEN = ['approved', 'paying'];

function show(state, problem = '') {
  root.dataset.state = state;
  for (const part of $$('[data-when]', root)) part.hidden = !part.dataset.when.split(' ').includes(state);
  $('[data-problem]', root).textContent = problem;
}

/** Follow the claim until it was paid or came back; the page then tells which. */
async function watch() {
  show('watching');
  for (const pause of ASK_AGAIN_MS) {
    await wait(pause);
    const told = await api('GET', `/claims/${claim}`).catch(() => null);
    if (told && !OPEN.includes(told.status)) return location.reload();
  }
  return show('slow');
}

async function start() {
  const found = await bridge();
  if (!found) return show('outside');
  const answer = await api('POST', `/claims/${claim}/confirmation`, {}, { key: newKey(), timeout: 20000 });
  if (answer.status === 'paid') return location.reload();
  if (!answer.transfer) return show('later');
  if (!await permitted(CALL)) return show('outside');
  const told = await invoke(found, CALL, answer.transfer);
  if (told === 'ok') return watch();
  return show(told === 'cancel' ? 'cancelled' : 'failed');
}

for (const button of $$('[data-start]', root)) {
  button.addEventListener('click', () => busy(button, start, (error) => show('failed', explain(error))));
}
