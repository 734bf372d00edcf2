// Choosing one SKU of a product, then to the cart or to the checkout.
import { $, $$, api, busy, openSheet, say, showCount, toast, wireStepper, yuan } from './kit.js';

const { specs, skus } = JSON.parse(document.getElementById('skus').textContent);
const sheet = document.getElementById('choose');
const limit = Number(sheet.dataset.limit) || 99;
const groups = $$('[data-spec]', sheet);
const field = $('[name=quantity]', sheet);
const setQuantity = wireStepper($('[data-step]', sheet), () => {});
const opening = { price: $('[data-sku-price]', sheet).innerHTML, note: $('[data-sku-note]', sheet).textContent };

const picked = () => groups.map((group) => $('input:checked', group)?.value ?? null);
const fits = (sku, choice) => choice.every((value, at) => value === null || sku.values[at] === value);

function currentSku() {
  const choice = picked();
  return choice.includes(null) ? null : skus.find((sku) => fits(sku, choice)) ?? null;
}

function show() {
  const choice = picked();
  groups.forEach((group, at) => {
    for (const radio of $$('input', group)) {
      const wanted = choice.map((value, other) => (other === at ? radio.value : value));
      radio.disabled = !skus.some((sku) => sku.stock > 0 && fits(sku, wanted));
    }
  });
  const sku = currentSku();
  const note = $('[data-sku-note]', sheet);
  const chosen = choice.filter(Boolean).join(' / ');
  if (!sku) {
    $('[data-sku-price]', sheet).innerHTML = opening.price;
    note.textContent = chosen ? say('chosen', { what: chosen }) : opening.note;
    return;
  }
  const [whole, cents] = yuan(sku.price_fen);
  const price = $('.price', sheet);
  price.replaceChildren(small('¥'), whole, small(`.${cents}`));
  if (sku.picture && $('[data-sku-picture]', sheet)) $('[data-sku-picture]', sheet).src = sku.picture;
  const few = sku.stock <= 10 ? ` ${say(sku.stock ? 'stock_left' : 'stock_out', { count: sku.stock })}` : '';
  note.textContent = (chosen ? say('chosen', { what: chosen }) : '') + few;
  field.max = Math.max(1, Math.min(limit, sku.stock));
  if (Number(field.value) > Number(field.max)) setQuantity(field.max);
  else setQuantity(field.value);
  const told = $('[data-chosen]');
  if (told && chosen) told.textContent = `${chosen} × ${field.value}`;
}

function small(text) {
  const part = document.createElement('small');
  part.textContent = text;
  return part;
}

/** Tell at a row of choices what is wrong with it, or with no text that nothing is. */
function mark(group, text) {
  $('.err', group).textContent = text;
  text ? group.setAttribute('aria-invalid', 'true') : group.removeAttribute('aria-invalid');
}

/** Show what keeps the chosen from being bought; false if nothing does. */
function refused() {
  const at = picked().indexOf(null);
  const sku = currentSku();
  if (at < 0 && sku && sku.stock > 0) return false;
  const words = at < 0 ? say('stock_out') : say('choose', { name: specs[at] });
  $('[data-sku-note]', sheet).textContent = words;
  if (at >= 0) {
    mark(groups[at], words);
    $('input:enabled', groups[at])?.focus();
    groups[at].scrollIntoView({ block: 'nearest' });
  }
  return true;
}

async function toCart(sku, quantity) {
  const cart = await api('GET', '/cart');
  const there = cart.items.find((item) => item.sku_id === sku.id)?.quantity ?? 0;
  const after = await api('PUT', `/cart/items/${sku.id}`, { quantity: there + quantity, selected: true });
  showCount(after.count);
  sheet.close();
  toast(say('added'));
}

function act(kind, button) {
  if (refused()) return undefined;
  const sku = currentSku();
  const quantity = Number(field.value);
  if (kind === 'cart') return busy(button, () => toCart(sku, quantity));
  return location.assign(`/checkout?sku=${encodeURIComponent(sku.id)}&quantity=${quantity}`);
}

for (const opener of $$('[data-choose]')) {
  opener.addEventListener('click', () => {
    const kind = opener.dataset.choose;
    for (const button of $$('[data-do]', sheet)) button.hidden = kind !== 'either' && button.dataset.do !== kind;
    openSheet(sheet);
  });
}
for (const button of $$('[data-do]', sheet)) button.addEventListener('click', () => act(button.dataset.do, button));
for (const group of groups) {
  const values = $$('input', group);
  if (values.length === 1) values[0].checked = true;
  group.addEventListener('change', () => {
    mark(group, '');
    show();
  });
}
$('[data-step]', sheet).addEventListener('click', show);
$('form', sheet).addEventListener('submit', (event) => event.preventDefault());
show();
