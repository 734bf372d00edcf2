// From the checkout to an order: what is asked for must still be what is shown.
import { $, api, busy, draft, explain, keyFor, say, toast } from './kit.js';

const form = document.getElementById('checkout');
const source = document.getElementById('request');
const tick = form?.elements.confirm;
const REMARK = 'checkout-remark';
const KEY = 'checkout-key';

/** Whether the goods that cannot be sent back are confirmed, or there are none; a missing tick is told beside it. */
function confirmed() {
  if (!tick) return true;
  $('#confirm-err').textContent = tick.checked ? '' : say('confirm_first');
  tick.checked ? tick.removeAttribute('aria-invalid') : tick.setAttribute('aria-invalid', 'true');
  return tick.checked;
}

async function submit() {
  const { body, total_fen: shown } = JSON.parse(source.textContent);
  const quote = await api('POST', '/quotes', body);
  if (quote.total_fen !== shown || quote.refusals?.length) {
    toast(say('price_moved'));
    setTimeout(() => location.reload(), 1800);
    return;
  }
  const wanted = { ...body, remark: form.remark.value.trim(), ...(tick ? { confirmed_no_return: tick.checked } : {}) };
  const order = await api('POST', '/orders', wanted, { key: keyFor(KEY, wanted), timeout: 15000 });
  draft.drop(KEY);
  draft.drop(REMARK);
  const free = order.total_fen === 0 || order.status !== 'unpaid';
  location.replace(free ? `/orders/${order.no}` : `/orders/${order.no}/pay${order.total_fen === shown ? '#start' : ''}`);
  await new Promise(() => {});
}

if (form) {
  form.remark.value ||= draft.read(REMARK) ?? '';
  form.remark.addEventListener('input', () => draft.keep(REMARK, form.remark.value));
}
tick?.addEventListener('change', confirmed);
if (form && source) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const told = $('[data-problem]', form);
    told.textContent = '';
    if (!confirmed()) {
      tick.focus();
      return;
    }
    busy($('[type=submit][form=checkout]'), submit, (error) => {
      if (error.status >= 400 && error.status < 500) draft.drop(KEY);
      told.textContent = explain(error);
      told.scrollIntoView({ block: 'center' });
    });
  });
}
