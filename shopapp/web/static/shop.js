// On every page: the next page of a list, copying, opening sheets, retry, the network's state, coming back to a page.
import { $, $$, openSheet, page, refresh, say, toast } from './kit.js';

document.addEventListener('click', async (event) => {
  const copy = event.target.closest('[data-copy]');
  if (copy) return copyText(copy.dataset.copy);
  if (event.target.closest('[data-retry]')) return location.reload();
  const opener = event.target.closest('[data-open]');
  if (opener) return openSheet(document.getElementById(opener.dataset.open));
  return undefined;
});

async function copyText(text) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!copyBySelection(text)) throw new Error('copy refused');
    toast(say('copied'));
  } catch {
    toast(say(copyBySelection(text) ? 'copied' : 'copy_failed'));
  }
}

function copyBySelection(text) {
  const field = document.createElement('textarea');
  field.className = 'vh';
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

const near = 'IntersectionObserver' in window && new IntersectionObserver((seen) => {
  for (const entry of seen) if (entry.isIntersecting) loadMore(entry.target);
}, { rootMargin: '600px' });

function watchMore() {
  const link = $('[data-more]');
  if (!link || link.dataset.wired) return;
  link.dataset.wired = 'yes';
  link.addEventListener('click', (event) => {
    event.preventDefault();
    loadMore(link);
  });
  if (near) near.observe(link);
}

async function loadMore(link) {
  if (link.getAttribute('aria-busy') === 'true') return;
  link.setAttribute('aria-busy', 'true');
  link.textContent = say('loading');
  if (near) near.unobserve(link);
  try {
    const next = await page(link.href);
    const list = $('[data-list]');
    const first = list.children.length;
    list.append(...$$('[data-list] > *', next));
    const onward = $('[data-more], [data-more-end]', next);
    if (document.activeElement === link) $('a, button', list.children[first])?.focus();
    if (onward) link.replaceWith(onward);
    else link.remove();
    watchMore();
  } catch {
    link.removeAttribute('aria-busy');
    link.textContent = say('more_failed');
  }
}

function showNetwork() {
  const strip = document.getElementById('offline');
  if (strip) strip.hidden = navigator.onLine;
}

function growFields() {
  for (const field of $$('textarea[data-grow]')) {
    const fit = () => {
      field.rows = Math.min(4, Math.max(Number(field.dataset.rows ||= field.rows), field.value.split('\n').length,
        Math.ceil(field.value.length / 18)));
    };
    field.addEventListener('input', fit);
    fit();
  }
}

addEventListener('online', showNetwork);
addEventListener('offline', showNetwork);
addEventListener('pageshow', (event) => { if (event.persisted) refresh().catch(() => {}); });
document.addEventListener('refreshed', watchMore);
showNetwork();
watchMore();
growFields();
$('.rail [aria-current], .pills [aria-current]')?.scrollIntoView?.({ block: 'nearest', inline: 'center' });
