// A form is sent once: a second press while the first one is under way would start, send or check twice.
(() => {
  "use strict";

  const FORMS = "form[data-lanck-once]";

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(FORMS)) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const button = event.submitter ?? form.querySelector("button");
    if (!button?.dataset.busy) return;
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
  });

  // What was typed last is selected, so that typing replaces it.
  document.querySelector("input[autofocus]")?.select();

  // Back in the browser's history, the page may come from a cache in which it was sent already.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll(FORMS)) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[data-label]")) {
      button.textContent = button.dataset.label;
      delete button.dataset.label;
    }
  });
})();
