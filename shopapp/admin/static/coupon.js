// The form of a coupon: only what the choices so far ask for is shown, and the preview follows.
const form = document.querySelector('[data-coupon]');
const preview = document.getElementById('preview');

function chosen(name) {
  return new FormData(form).get(name);
}

function show() {
  for (const part of form.querySelectorAll('[data-for]')) {
    const [name, ...values] = part.dataset.for.split(' ');
    part.hidden = !values.includes(chosen(name));
  }
}

let asked = 0;
async function look() {
  const mine = ++asked;
  try {
    const answer = await fetch(preview.dataset.previewUrl, { method: 'POST', body: new FormData(form), credentials: 'same-origin' });
    if (answer.ok && mine === asked) preview.innerHTML = await answer.text();
  } catch { /* the last preview stays while the network is away */ }
}

let waiting;
form.addEventListener('input', () => {
  show();
  clearTimeout(waiting);
  waiting = setTimeout(look, 250);
});
show();
