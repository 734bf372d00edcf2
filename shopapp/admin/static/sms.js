// The text of a short message: how long it is and how many messages that makes, while it is typed.
const box = document.querySelector('[data-sms]');
const area = box.querySelector('textarea');
const button = document.querySelector('[data-sms-copy]');

area.addEventListener('input', () => {
  const count = area.value.length;
  const alone = Number(box.dataset.alone);
  const parts = count <= alone ? Math.min(count, 1) : Math.ceil(count / Number(box.dataset.part));
  box.querySelector('[data-characters]').textContent = String(count);
  box.querySelector('[data-parts]').textContent = String(parts);
  button.dataset.copy = area.value;
});
