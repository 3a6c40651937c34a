// Submits each form only once: a second click during the request would start, resend or check twice.
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

  // Select the refused value, so that typing replaces it.
  document.querySelector("input[autofocus]")?.select();

  // The page may come from the back/forward cache after it was submitted.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll(FORMS)) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[data-label]")) {
      button.textContent = button.dataset.label;
      delete button.dataset.label;
    }
  });
})();
