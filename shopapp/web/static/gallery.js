// Tells which picture of the gallery is in view.
import { $, $$ } from './kit.js';

for (const gallery of $$('[data-gallery]')) {
  const list = $('ul', gallery);
  const told = $('output', gallery);
  if (!told) continue;
  const count = list.children.length;
  list.addEventListener('scroll', () => {
    told.textContent = `${Math.min(count, Math.round(list.scrollLeft / list.clientWidth) + 1)}/${count}`;
  }, { passive: true });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    list.scrollBy({ left: step * list.clientWidth });
  });
}
