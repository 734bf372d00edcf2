// The cart: every change is sent, then the page's own answer is shown, so that the shop alone does the sums.
import { $, $$, api, ask, explain, refresh, say, toast, wireStepper } from './kit.js';

const PAUSE_MS = 350;
let queue = Promise.resolve();
let waiting = 0;

/** Changes go out one after another; the last one brings back the fresh page. */
function change(work) {
  waiting += 1;
  settle(false);
  queue = queue.then(work).catch((error) => toast(explain(error))).then(async () => {
    waiting -= 1;
    if (waiting === 0) await refresh().catch((error) => toast(explain(error)));
  });
}

function settle(ready) {
  const bar = $('#cart .bar');
  if (!bar) return;
  $('.total', bar)?.setAttribute('aria-busy', String(!ready));
  $('[data-settle]', bar)?.setAttribute('aria-disabled', String(!ready));
}

const put = (line, quantity, selected) => api('PUT', `/cart/items/${line.dataset.sku}`, { quantity, selected });
const drop = (line) => api('DELETE', `/cart/items/${line.dataset.sku}`);

function wire() {
  for (const line of $$('#cart [data-quantity]')) {
    const pick = $('[data-pick]', line);
    let timer;
    wireStepper($('[data-step]', line), (quantity) => {
      clearTimeout(timer);
      settle(false);
      timer = setTimeout(() => {
        line.dataset.quantity = quantity;
        pick.checked = true;
        change(() => put(line, quantity, true));
      }, PAUSE_MS);
    });
    pick.addEventListener('change', () => change(() => put(line, Number(line.dataset.quantity), pick.checked)));
  }
  $('[data-pick-all]')?.addEventListener('change', (event) => {
    const wanted = event.target.checked;
    const lines = $$('#cart [data-quantity]').filter((line) => $('[data-pick]', line).checked !== wanted);
    change(async () => {
      for (const line of lines) await put(line, Number(line.dataset.quantity), wanted);
    });
  });
  for (const button of $$('[data-drop]')) {
    button.addEventListener('click', async () => {
      if (await ask({ title: say('remove_ask'), yes: say('remove') })) change(() => drop(button.closest('[data-sku]')));
    });
  }
  $('[data-drop-gone]')?.addEventListener('click', async () => {
    if (!await ask({ title: say('remove_gone_ask'), yes: say('remove') })) return;
    change(async () => {
      for (const line of $$('#cart [data-gone]')) await drop(line);
    });
  });
  $('[data-settle]')?.addEventListener('click', (event) => {
    if (event.currentTarget.getAttribute('aria-disabled') === 'true') event.preventDefault();
  });
}

document.addEventListener('refreshed', wire);
wire();
