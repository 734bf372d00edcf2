// A form of which only what the choices so far ask for is shown.
const form = document.querySelector('[data-choices]');

function show() {
  for (const part of form.querySelectorAll('[data-for]')) {
    const [name, ...values] = part.dataset.for.split(' ');
    part.hidden = !values.includes(new FormData(form).get(name));
  }
}

form.addEventListener('input', show);
show();
