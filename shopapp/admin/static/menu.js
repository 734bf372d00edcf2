// The menu editor: up to three buttons, each with an act or with buttons below it, shown in a phone as they change.
const form = document.querySelector('[data-menu]');
const words = JSON.parse(form.dataset.words);
const kinds = JSON.parse(form.dataset.kinds);
const tops = form.querySelector('[data-tops]');
const keys = form.querySelector('[data-keys]');
const FIELDS = { view: ['url'], click: ['key'], miniprogram: ['appid', 'pagepath', 'url'] };
const buttons = JSON.parse(form.dataset.buttons);
const wrong = JSON.parse(form.dataset.errors);
const [topBytes, belowBytes] = JSON.parse(form.dataset.bytes);
const encoder = new TextEncoder();
let opened = null;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && typeof value !== 'string') made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function iconButton(icon, label, act) {
  const made = element('button', { type: 'button', class: 'round', 'aria-label': label });
  made.innerHTML = `<svg class="ico ico-s" aria-hidden="true"><use href="${form.dataset.icons}#${icon}"/></svg>`;
  made.addEventListener('click', () => { act(); forgetErrors(); draw(); touched(); });
  return made;
}

// Once buttons change places, what was told about a place is about another.
function forgetErrors() {
  for (const place of Object.keys(wrong)) delete wrong[place];
}

const touched = () => form.dispatchEvent(new Event('input', { bubbles: true }));

function textField(button, name, label, attributes = {}) {
  const field = element('input', { class: 'form-control', 'aria-label': label, placeholder: label, ...attributes });
  field.value = button[name] ?? '';
  field.addEventListener('input', () => { button[name] = field.value; write(); });
  return field;
}

function nameField(button, top) {
  const most = top ? topBytes : belowBytes;
  const field = textField(button, 'name', words.name, { maxlength: '30' });
  const count = element('small', { class: 'quiet num' });
  const tell = () => {
    const used = encoder.encode(field.value).length;
    count.textContent = `${used}/${most}`;
    count.classList.toggle('field-error', used > most);
    if (used > most) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  };
  field.addEventListener('input', tell);
  tell();
  return element('div', { class: 'menu-name' }, field, count);
}

function actFields(button) {
  const choice = element('select', { class: 'form-select', 'aria-label': words.kind });
  const known = kinds[button.type] ? kinds : { ...kinds, [button.type]: button.type };
  for (const [kind, name] of Object.entries(known)) choice.append(new Option(name, kind, false, kind === button.type));
  choice.addEventListener('change', () => {
    for (const field of Object.values(FIELDS).flat()) delete button[field];
    button.type = choice.value;
    draw();
  });
  const fields = (FIELDS[button.type] ?? []).map((name) => textField(button, name, name === 'url' && button.type === 'miniprogram' ? words.fallback : words[name], name === 'url' ? { list: 'places' } : {}));
  return [choice, element('div', { class: 'wide flow-s' }, ...fields)];
}

function row(button, list, place, position) {
  const name = nameField(button, !position.includes('.'));
  const acts = button.sub_button?.length ? [element('span', { class: 'quiet small' }, words.top), element('span', { class: 'wide' })] : actFields(button);
  const move = (by) => { const [taken] = list.splice(place, 1); list.splice(place + by, 0, taken); };
  const tools = element('div', { class: 'line' });
  if (place > 0) tools.append(iconButton('up', words.up, () => move(-1)));
  if (place < list.length - 1) tools.append(iconButton('down', words.down, () => move(1)));
  tools.append(iconButton('trash', words.gone, () => list.splice(place, 1)));
  const told = (wrong[position] ?? []).map((text) => element('span', { class: 'field-error menu-told' }, text));
  return element('div', { class: 'menu-item', id: `f-${position}`, tabindex: '-1' }, name, ...acts, tools, ...told);
}

function draw() {
  tops.replaceChildren(...buttons.map((button, place) => {
    const below = button.sub_button ?? [];
    const box = element('div', { class: 'menu-top' }, row(button, buttons, place, `${place + 1}`));
    const kids = element('div', { class: 'menu-kids' }, ...below.map((one, index) => row(one, below, index, `${place + 1}.${index + 1}`)));
    if (below.length < Number(form.dataset.belowMax)) {
      const add = element('button', { type: 'button', class: 'btn btn-sm mt-2' }, `+ ${words.add_below}`);
      add.addEventListener('click', () => {
        for (const field of ['type', 'url', 'key', 'appid', 'pagepath']) delete button[field];
        button.sub_button = [...below, { name: '', type: 'view', url: '/' }];
        draw();
        touched();
      });
      kids.append(add);
    }
    if (below.length === 0) { delete button.sub_button; button.type ??= 'view'; }
    box.append(kids);
    return box;
  }));
  form.querySelector('[data-add-top]').hidden = buttons.length >= Number(form.dataset.topMax);
  write();
}

// A phone shows so many Chinese characters of a name, a letter counting half; the rest is cut.
function asShown(name, most) {
  let width = 0;
  const shown = [...name].filter((letter) => (width += letter.codePointAt(0) > 0x2e7f ? 2 : 1) <= most * 2).join('');
  return shown === name ? name : `${shown}…`;
}

function write() {
  form.querySelector('[name=menu]').value = JSON.stringify(buttons);
  keys.replaceChildren(...buttons.map((button, place) => {
    const key = element('button', { type: 'button' }, (button.sub_button?.length ? '≡ ' : '') + asShown(button.name || words.unnamed, 4));
    key.addEventListener('click', () => { opened = opened === place ? null : place; write(); });
    const box = element('div', {}, key);
    if (button.sub_button?.length) {
      const subs = element('div', { class: 'subs', hidden: opened !== place });
      subs.append(...button.sub_button.map((one) => element('span', {}, asShown(one.name || words.unnamed, 8))));
      box.append(subs);
    }
    return box;
  }));
}

form.querySelector('[data-add-top]').addEventListener('click', () => {
  buttons.push({ name: '', type: 'view', url: '/' });
  draw();
  touched();
  tops.lastElementChild.querySelector('input').focus();
});
draw();
