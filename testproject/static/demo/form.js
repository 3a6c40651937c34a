// A form is sent once: a second press while the first one is under way would start, send or check twice.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    if (!event.submitter || event.defaultPrevented) return;
    event.submitter.dataset.label = event.submitter.textContent;
    event.submitter.textContent = "One moment…";
  });
}
// What was typed last is selected, so that typing replaces it.
document.querySelector("input[autofocus]")?.select();

// Back in the browser's history, the page may come from a cache in which it was sent already.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
  }
});
