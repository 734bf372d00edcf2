// The form of a flyer: its picture follows what is typed, and a tap fills in where the order number is found.
const form = document.querySelector('[data-flyer]');
const preview = document.getElementById('preview');

let asked = 0;
async function look() {
  const mine = ++asked;
  const sent = new FormData(form);
  sent.delete('logo');
  try {
    const answer = await fetch(preview.dataset.previewUrl, { method: 'POST', body: sent, credentials: 'same-origin' });
    if (answer.ok && mine === asked) preview.innerHTML = await answer.text();
  } catch { /* the last picture stays while the network is away */ }
}

let waiting;
form.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 300);
});
form.addEventListener('click', (event) => {
  const button = event.target.closest('[data-hint]');
  if (!button) return;
  const field = form.elements.hint;
  field.value = button.dataset.hint;
  field.dispatchEvent(new Event('input', { bubbles: true }));
});
