// What every screen of the console can do: theme, navigation, asking before acts, unsaved changes, search, bulk acts.
const $ = (selector, within = document) => within?.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const words = document.body.dataset;

$('[data-theme]')?.addEventListener('click', () => {
  const wanted = document.documentElement.dataset.bsTheme === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.bsTheme = wanted;
  document.cookie = `theme=${wanted}; path=/admin; max-age=31536000; samesite=lax`;
});

const side = $('.side');
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-side]');
  if (opener) {
    side.classList.toggle('open');
    opener.setAttribute('aria-expanded', String(side.classList.contains('open')));
  } else if (side?.classList.contains('open') && !event.target.closest('.side')) side.classList.remove('open');
  for (const drop of $$('details.drop[open]')) if (!drop.contains(event.target)) drop.open = false;
  const gone = event.target.closest('[data-dismiss]');
  if (gone) gone.closest('.say').remove();
  const copy = event.target.closest('[data-copy]');
  if (copy) copyText(copy);
  const shown = event.target.closest('[data-show]');
  if (shown) showPart(shown);
});

async function copyText(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    const was = button.textContent;
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = was; }, 1500);
  } catch {
    const field = document.getElementById(button.dataset.field);
    field?.select?.();
  }
}

function showPart(button) {
  const part = document.getElementById(button.dataset.show);
  part.hidden = !part.hidden;
  button.setAttribute('aria-expanded', String(!part.hidden));
  if (!part.hidden) $('input, select, textarea', part)?.focus();
}

// Of a row of tabs that is wider than the screen, the part with the open one is shown.
function showTabs() {
  for (const tab of $$('.tabs > [aria-current]')) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 48;
}
document.addEventListener('htmx:afterSettle', showTabs);
showTabs();

// Asking before an act. A form that asks for a name to be typed sends only when it is.
const asker = $('#ask');
let asked = null;
document.addEventListener('submit', (event) => {
  const form = event.target;
  const button = event.submitter;
  const question = button?.dataset.confirm ?? form.dataset.confirm;
  if (question && form.dataset.sure !== 'yes') {
    event.preventDefault();
    asked = { form, button };
    $('[data-question]', asker).textContent = question.replace('{n}', String(picked(form).length));
    $('[data-yes]', asker).textContent = button?.textContent.trim() || words.yes;
    const name = form.dataset.typed;
    const field = $('[data-typed]', asker);
    field.hidden = !name;
    $('input', field).value = '';
    $('[data-yes]', asker).disabled = Boolean(name);
    asker.showModal();
    return;
  }
  delete form.dataset.sure;
  if (form.hasAttribute('data-guard')) form.dataset.saved = 'yes';
  if (button && form.method !== 'dialog' && !button.hasAttribute('data-again')) {
    setTimeout(() => button.setAttribute('aria-busy', 'true'));
    setTimeout(() => button.removeAttribute('aria-busy'), 8000);
  }
});
$('[data-typed] input', asker)?.addEventListener('input', (event) => {
  $('[data-yes]', asker).disabled = event.target.value.trim() !== asked.form.dataset.typed;
});
$('[data-yes]', asker)?.addEventListener('click', () => {
  asker.close();
  asked.form.dataset.sure = 'yes';
  asked.form.requestSubmit(asked.button ?? undefined);
});
$('[data-no]', asker)?.addEventListener('click', () => asker.close());

// Unsaved changes, and Ctrl-S.
const content = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === 'string')).toString();
const guarded = $$('form[data-guard]').map((form) => ({ form, was: '' }));
window.addEventListener('load', () => guarded.forEach((entry) => { entry.was = content(entry.form); }));
window.addEventListener('beforeunload', (event) => {
  if (guarded.some(({ form, was }) => form.dataset.saved !== 'yes' && content(form) !== was)) event.preventDefault();
});
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-guard]');
  const note = form && $('[data-unsaved]', form);
  if (note) note.hidden = false;
});
document.addEventListener('change', (event) => {
  if (event.target.closest('[data-autosubmit]') && event.target.matches('select, [type=date]')) event.target.form.requestSubmit();
});
document.addEventListener('keydown', (event) => {
  const combined = event.ctrlKey || event.metaKey;
  if (combined && event.key.toLowerCase() === 's') {
    const form = $('form[data-guard]');
    if (form) {
      event.preventDefault();
      form.requestSubmit($('[type=submit]:not([formaction])', form));
    }
  } else if (combined && event.key.toLowerCase() === 'k' && finder) {
    event.preventDefault();
    openFinder();
  }
});

// Global search.
const finder = $('#finder');
const asking = finder && $('input', finder);
let waiting = 0;
function openFinder() {
  if (!finder.open) finder.showModal();
  asking.select();
  if (!asking.value) find();
}
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-find]')) openFinder();
  if (event.target === finder || event.target === asker) event.target.close();
});
asking?.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(find, 160); });
async function find() {
  const wanted = asking.value;
  try {
    const answer = await fetch(`/admin/search?q=${encodeURIComponent(wanted)}`, { headers: { 'X-Fragment': '1' } });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (asking.value === wanted) $('.found', finder).innerHTML = text;
  } catch {
    $('.found', finder).textContent = words.failed;
  }
}
finder?.addEventListener('keydown', (event) => {
  const links = $$('.found a', finder);
  const at = links.indexOf(document.activeElement);
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    const next = event.key === 'ArrowDown' ? at + 1 : at - 1;
    (links[next] ?? asking).focus();
  } else if (event.key === 'Enter' && document.activeElement === asking && links[0]) {
    event.preventDefault();
    links[0].click();
  }
});

// Picking rows for a bulk act.
function picked(form) {
  const id = form.getAttribute('id');
  return id ? $$(`input[type=checkbox][form="${id}"]:checked`).filter((box) => box.name) : [];
}
document.addEventListener('change', (event) => {
  const all = event.target.closest('[data-pick-all]');
  const id = event.target.getAttribute('form');
  const bar = id && document.getElementById(id);
  if (!bar?.classList.contains('bulk')) return;
  if (all) $$(`input[form="${id}"]`).forEach((box) => { box.checked = all.checked; });
  const count = picked(bar).length;
  bar.hidden = count === 0;
  $('[data-picked]', bar).textContent = String(count);
});

// The first wrong field gets the focus.
$('[aria-invalid=true]')?.focus();
