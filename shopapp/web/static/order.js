// Acts on orders, in the list and on an order's own page.
import { api, ask, busy, countDown, newKey, refresh, say, toast } from './kit.js';

async function act(button, no, what, question, thanks) {
  if (!await ask(question)) return;
  await busy(button, async () => {
    await api('POST', `/orders/${no}/${what}`, {}, { key: newKey(), timeout: 20000 });
    toast(say(thanks));
    await refresh();
  });
}

document.addEventListener('click', (event) => {
  const cancel = event.target.closest('[data-cancel]');
  if (cancel) {
    act(cancel, cancel.dataset.cancel, 'cancel',
      { title: say('cancel_ask'), text: say('cancel_note'), yes: say('cancel_yes'), no: say('keep') }, 'cancelled');
  }
  const receipt = event.target.closest('[data-receipt]');
  if (receipt) {
    act(receipt, receipt.dataset.receipt, 'receipt',
      { title: say('receipt_ask'), text: say('receipt_note'), yes: say('receipt_yes'), no: say('receipt_no') }, 'received');
  }
});

let stop = () => {};
function count() {
  stop();
  stop = countDown(() => setTimeout(() => refresh().catch(() => {}), 3000));
}
document.addEventListener('refreshed', count);
document.addEventListener('visibilitychange', () => { if (!document.hidden && !document.querySelector('dialog[open]')) refresh().catch(() => {}); });
count();
