// The coupon centre: taking a coupon, and typing a code.
import { $, api, busy, draft, explain, keyFor, refresh, say, toast } from './kit.js';

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-claim]');
  if (!button) return;
  const name = `claim ${button.dataset.claim}`;
  busy(button, async () => {
    await api('POST', `/coupons/${button.dataset.claim}/claims`, {}, { key: keyFor(name, {}) });
    draft.drop(name);
    toast(say('coupon_got'));
    await refresh();
  });
});

const form = $('[data-code]');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const field = $('#code', form);
  const told = $('.err', form);
  const code = field.value.trim();
  const tell = (text) => {
    told.textContent = text;
    field.toggleAttribute('aria-invalid', Boolean(text));
    if (text) field.focus();
  };
  tell('');
  if (!code) {
    tell(say('code_needed'));
    return;
  }
  busy($('button', form), async () => {
    await api('POST', '/me/coupons', { code }, { key: keyFor('code', { code }) });
    draft.drop('code');
    field.value = '';
    toast(say('coupon_got'));
    await refresh();
  }, (error) => tell(explain(error)));
});
