// Before the page's scripts have come, a tap must not be lost: it is held, and handed over once they stand.
// What the browser does by itself (links, forms with an address) goes its own way.
(() => {
  let tapped = null;
  const changed = [];
  const needsScript = (control) => !control.form || control.type === 'button'
    || !(control.form.hasAttribute('action') || control.form.method === 'post');

  const holdTap = (event) => {
    const button = event.target.closest('button');
    if (!button || !needsScript(button)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    tapped?.removeAttribute('aria-busy');
    tapped = button;
    tapped.setAttribute('aria-busy', 'true');
  };
  const holdChange = (event) => {
    if (needsScript(event.target)) changed.push(event.target);
  };
  const handOver = () => {
    removeEventListener('click', holdTap, true);
    removeEventListener('change', holdChange, true);
    for (const field of new Set(changed)) field.dispatchEvent(new Event('change', { bubbles: true }));
    tapped?.removeAttribute('aria-busy');
    tapped?.click();
  };

  addEventListener('click', holdTap, true);
  addEventListener('change', holdChange, true);
  addEventListener('DOMContentLoaded', () => setTimeout(handOver));
})();
