// The product form: pictures that are uploaded, dragged and described, and the table of all choices.
const form = document.querySelector('[data-product]');
const $ = (selector, within = form) => within.querySelector(selector);
const $$ = (selector, within = form) => [...within.querySelectorAll(selector)];
const single = form.hasAttribute('data-single');

// Pictures.
const shots = $('[data-shots]');
const add = $('[data-shot-add]');
const problem = $('[data-shot-error]');
const changed = () => form.dispatchEvent(new Event('input', { bubbles: true }));
const symbol = (name) => $('.shot-add .ico use').getAttribute('href').replace(/#.*/, `#${name}`);

function shotButton(act, icon, label) {
  return `<button class="round" type="button" data-shot="${act}" aria-label="${label}"><svg class="ico ico-s" aria-hidden="true"><use href="${symbol(icon)}"/></svg></button>`;
}

function showShot({ id, url }) {
  if (single) $$('.shot', shots).forEach((shot) => shot.remove());
  const shot = document.createElement('div');
  shot.className = 'shot';
  shot.draggable = !single;
  const order = single ? '' : '<input class="form-control" name="alt" maxlength="60">';
  shot.innerHTML = `<img alt="" width="132" height="132"><input type="hidden" name="picture">${order}<div class="line">${single ? '' : shotButton('left', 'left', form.dataset.left)}${shotButton('gone', 'trash', form.dataset.removed)}${single ? '' : shotButton('right', 'right', form.dataset.right)}</div>`;
  $('img', shot).src = url;
  $('[name=picture]', shot).value = id;
  const alt = $('[name=alt]', shot);
  if (alt) {
    alt.placeholder = form.dataset.alt;
    alt.setAttribute('aria-label', form.dataset.alt);
  }
  shots.insertBefore(shot, add);
}

function tellProblem(file, words) {
  const line = document.createElement('span');
  line.className = 'd-block';
  line.textContent = `${file.name}：${words}`;
  problem.append(line);
  problem.scrollIntoView({ block: 'nearest' });
}

async function upload(files) {
  problem.replaceChildren();
  add.setAttribute('aria-busy', 'true');
  for (const file of files) {
    const body = new FormData();
    body.append('file', file);
    try {
      const answer = await fetch(form.dataset.upload, { method: 'POST', body, headers: { Accept: 'application/json' } });
      const told = await answer.json();
      if (answer.ok) showShot(told);
      else tellProblem(file, told.message);
    } catch {
      tellProblem(file, form.dataset.failed);
    }
  }
  add.removeAttribute('aria-busy');
  changed();
}

if (add) {
  $('input', add).addEventListener('change', (event) => { upload([...event.target.files]); event.target.value = ''; });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    add.addEventListener(kind, (event) => {
      event.preventDefault();
      add.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop') upload([...event.dataTransfer.files].filter((file) => file.type.startsWith('image/')));
    });
  }
  shots.addEventListener('click', (event) => {
    const button = event.target.closest('[data-shot]');
    if (!button) return;
    const shot = button.closest('.shot');
    if (button.dataset.shot === 'gone') shot.remove();
    else if (button.dataset.shot === 'left' && shot.previousElementSibling) shots.insertBefore(shot, shot.previousElementSibling);
    else if (button.dataset.shot === 'right' && shot.nextElementSibling?.matches('.shot')) shots.insertBefore(shot.nextElementSibling, shot);
    button.focus();
    changed();
  });
  let dragged = null;
  shots.addEventListener('dragstart', (event) => {
    dragged = event.target.closest('.shot');
    dragged?.classList.add('dragged');
  });
  shots.addEventListener('dragover', (event) => {
    const over = event.target.closest('.shot');
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    shots.insertBefore(dragged, event.clientX < box.left + box.width / 2 ? over : over.nextSibling);
  });
  shots.addEventListener('dragend', () => { dragged?.classList.remove('dragged'); dragged = null; changed(); });
}

// Specs: every combination of the values is a row; rows that were there keep what was typed.
const specs = $('[data-specs]');
const body = $('[data-skus]');

const rowSpecs = (row) => JSON.parse($('[name=sku_specs]', row).value || '[]');

// One value a line, since a value may itself have spaces and commas.
const fit = (field) => { field.rows = Math.min(12, Math.max(2, field.value.split('\n').length)); };

function addSpec(name = '', values = []) {
  const row = $('[data-spec-row]').content.firstElementChild.cloneNode(true);
  $('[name=spec_name]', row).value = name;
  $('[data-values]', row).value = values.join('\n');
  fit($('[data-values]', row));
  specs.append(row);
  $('[data-add-spec]').hidden = specs.children.length >= 3;
  return row;
}

function combinations() {
  const lists = $$('.spec-row', specs)
    .map((row) => [...new Set($('[data-values]', row).value.split('\n').map((value) => value.trim().replace(/\s+/g, ' ')).filter(Boolean))])
    .filter((values) => values.length);
  return lists.reduce((found, values) => found.flatMap((one) => values.map((value) => [...one, value])), [[]]);
}

function freshRow(pattern) {
  const row = pattern.cloneNode(true);
  $('[name=sku_id]', row).value = '';
  $('[name=sku_code]', row).value = '';
  const stock = $('[name=sku_stock]', row);
  if (stock) {
    stock.value = '0';
    $('[name=sku_stock_was]', row).value = '';
  }
  return row;
}

function rebuild() {
  const rows = $$('tr', body);
  const known = new Map(rows.map((row) => [JSON.stringify(rowSpecs(row)), row]));
  const pattern = rows[0];
  const wanted = combinations().slice(0, 201).map((values) => ({ values, key: JSON.stringify(values) }));
  const kept = new Set(wanted.map(({ key }) => key));
  const made = wanted.map(({ values, key }, place) => {
    if (known.has(key)) return known.get(key);
    // As many choices as before: a value was renamed, and the choice keeps its stock and its orders.
    const renamed = wanted.length === rows.length && !kept.has(JSON.stringify(rowSpecs(rows[place])));
    const row = renamed ? rows[place] : freshRow(pattern);
    $('[name=sku_specs]', row).value = key;
    $('[data-label-of]', row).textContent = values.join(' / ');
    return row;
  });
  if (!made.length) return;
  body.replaceChildren(...made);
  $('[data-fill]').hidden = made.length < 2;
}

if (specs) {
  const names = JSON.parse(specs.dataset.names);
  const found = $$('tr', body).map(rowSpecs);
  names.forEach((name, place) => addSpec(name, [...new Set(found.map((values) => values[place]).filter(Boolean))]));
  $('[data-fill]').hidden = found.length < 2;
  $('[data-add-spec]').addEventListener('click', () => $('input', addSpec()).focus());
  const counted = $$('tr', body).filter((row) => $('[name=sku_id]', row).value)
    .map((row) => [$('[name=sku_id]', row).value, Number($('[name=sku_stock_was]', row)?.value) || 0]);
  let typed = false; // values that the table does not show yet
  specs.addEventListener('input', (event) => {
    if (!event.target.matches('[data-values]')) return;
    typed = true;
    fit(event.target);
  });
  specs.addEventListener('change', (event) => {
    if (!event.target.matches('[data-values]')) return;
    typed = false;
    rebuild();
  });
  form.addEventListener('submit', () => {
    if (typed) rebuild();
    const kept = new Set($$('[name=sku_id]', body).map((field) => field.value));
    const gone = counted.filter(([id, pieces]) => pieces > 0 && !kept.has(id));
    if (gone.length) {
      form.dataset.confirm = form.dataset.dropped.replace('{choices}', gone.length)
        .replace('{pieces}', gone.reduce((sum, [, pieces]) => sum + pieces, 0));
    } else delete form.dataset.confirm;
  });
  specs.addEventListener('click', (event) => {
    const gone = event.target.closest('[data-drop-spec]');
    if (!gone) return;
    gone.closest('.spec-row').remove();
    $('[data-add-spec]').hidden = false;
    rebuild();
    changed();
  });
  $('[data-fill-go]').addEventListener('click', () => {
    const price = $('[data-fill-price]').value;
    const stock = $('[data-fill-stock]')?.value;
    if (price) $$('[name=sku_price]', body).forEach((field) => { field.value = price; });
    if (stock) $$('[name=sku_stock]', body).forEach((field) => { field.value = stock; });
    changed();
  });
}
