// What is typed is shown at once in the phone beside the form.
document.addEventListener('input', (event) => {
  const shown = event.target.dataset.preview && document.getElementById(event.target.dataset.preview);
  if (shown) shown.textContent = event.target.value || shown.dataset.empty;
});
