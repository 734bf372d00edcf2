// The address form: region picker, pasted text, saving. What was typed stays until it is saved.
import { $, $$, api, ask, busy, draft, explain, keyFor, openSheet, say, toast } from './kit.js';
import { clean, loadRegions, readPasted, regionText, seen } from './regions.js';

const form = document.getElementById('address');
const sheet = document.getElementById('regions');
const { id, next, regions: source } = form.dataset;
const NAME = `address-${id || 'new'}`;
const FIELDS = ['name', 'phone', 'region_code', 'detail'];
const LEVELS = ['province', 'city', 'county'];
let chosen = [];

const fieldOf = (name) => document.getElementById(name === 'region_code' ? 'region-pick' : name);

const values = () => ({
  name: seen(form.elements.name.value).trim(), phone: clean(form.phone.value), region_code: form.region_code.value,
  detail: seen(form.detail.value).trim(), is_default: form.is_default.checked,
});

function keep() {
  draft.keep(NAME, { ...values(), region: form.region_code.value ? $('[data-region]').textContent : '' });
}

function fill(from) {
  for (const name of ['name', 'phone', 'detail']) if (from[name]) form.elements[name].value = from[name];
  if (from.region_code) setRegion(from.region_code, from.region);
  if (from.is_default !== undefined) form.is_default.checked = from.is_default;
}

function setRegion(code, text) {
  form.region_code.value = code;
  const button = $('[data-region]');
  button.textContent = text;
  button.classList.remove('void');
  mark('region_code', '');
}

function mark(name, text) {
  const spot = document.getElementById(`${name}-err`);
  if (!spot) return false;
  spot.textContent = text;
  const field = fieldOf(name);
  text ? field.setAttribute('aria-invalid', 'true') : field.removeAttribute('aria-invalid');
  return true;
}

function wrongFields(given) {
  const wrong = {};
  for (const name of ['name', 'detail']) {
    if (!given[name]) wrong[name] = say('required', { name: $(`label[for=${name}]`).textContent });
  }
  if (!/^1[3-9]\d{9}$/.test(given.phone)) wrong.phone = say('phone_wrong');
  if (!given.region_code) wrong.region_code = say('region_wrong');
  return wrong;
}

function showWrong(wrong) {
  for (const name of FIELDS) mark(name, [wrong[name] ?? ''].flat().join(' '));
  const first = FIELDS.find((name) => wrong[name]);
  if (first) fieldOf(first).focus();
  return Boolean(first);
}

/** A field that is right now has nothing more to be told. */
function clearMended() {
  const wrong = wrongFields(values());
  for (const name of FIELDS) if (!wrong[name]) mark(name, '');
}

async function save() {
  const given = values();
  $('[data-problem]', form).textContent = '';
  if (showWrong(wrongFields(given))) return;
  const saved = id
    ? await api('PUT', `/addresses/${id}`, given)
    : await api('POST', '/addresses', given, { key: keyFor(`${NAME}-key`, given) });
  draft.drop(NAME);
  draft.drop(`${NAME}-key`);
  const onward = new URL(next, location.href);
  if (onward.pathname === '/checkout') onward.searchParams.set('address', saved.id);
  location.replace(onward.pathname + onward.search);
}

function refused(error) {
  if (error.status === 422 && error.details?.fields && showWrong(error.details.fields)) return;
  $('[data-problem]', form).textContent = explain(error);
}

async function openPicker() {
  const regions = await loadRegions(source);
  const code = form.region_code.value;
  chosen = code && regions.county_list[code] ? [`${code.slice(0, 2)}0000`, `${code.slice(0, 4)}00`, code] : [];
  openSheet(sheet);
  list(regions, chosen.length ? 2 : 0);
}

function list(regions, level) {
  const lists = LEVELS.map((name) => regions[`${name}_list`]);
  const crumbs = $('.crumbs', sheet);
  crumbs.replaceChildren(...LEVELS.slice(0, Math.min(chosen.length, 2) + 1).map((name, at) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = chosen[at] ? lists[at][chosen[at]] : say(name);
    if (at === level) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => list(regions, at));
    return button;
  }));
  const start = level === 0 ? '' : chosen[level - 1].slice(0, level * 2);
  const rows = Object.entries(lists[level]).filter(([code]) => code.startsWith(start)).map(([code, name]) => {
    const row = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    if (chosen[level] === code) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => choose(regions, level, code));
    row.append(button);
    return row;
  });
  $('.pick', sheet).replaceChildren(...rows);
  $('.body', sheet).scrollTop = 0;
  $('.pick [aria-current]', sheet)?.scrollIntoView({ block: 'center' });
}

function choose(regions, level, code) {
  chosen = [...chosen.slice(0, level), code];
  if (level < 2) return list(regions, level + 1);
  setRegion(code, regionText(regions, code));
  keep();
  return sheet.close();
}

async function paste() {
  const text = $('#paste').value.trim();
  if (text.length < 6) return;
  const found = readPasted(text, await loadRegions(source));
  if (!found.phone && !found.region_code) {
    toast(say('paste_nothing'));
    return;
  }
  fill(found);
  clearMended();
  keep();
  $('#paste').value = '';
  toast(say('pasted'));
}

const regionTrouble = () => toast(say('region_failed'));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  busy($('[type=submit][form=address]'), save, refused);
});
form.addEventListener('input', (event) => {
  if (event.target.name) {
    mark(event.target.name, '');
    keep();
  }
});
$('[data-region]', form).addEventListener('click', () => openPicker().catch(regionTrouble));
$('#paste').addEventListener('paste', () => setTimeout(() => paste().catch(regionTrouble), 0));
$('#paste').addEventListener('change', () => paste().catch(regionTrouble));
$('[data-delete]', form)?.addEventListener('click', async (event) => {
  const button = event.currentTarget;
  if (!await ask({ title: say('address_gone'), yes: say('remove') })) return;
  await busy(button, async () => {
    await api('DELETE', `/addresses/${id}`);
    draft.drop(NAME);
    location.replace('/me/addresses');
  });
});
fill(draft.read(NAME) ?? {});
