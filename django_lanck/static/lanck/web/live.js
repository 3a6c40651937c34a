// Polls the delivery status of the code, updates its part of the page, and counts down to the next resend.
(() => {
  "use strict";

  const PAUSE = 2000;
  const LONGEST_PAUSE = 10000;
  const live = document.querySelector("[data-lanck-live]");
  let countdownTimer = 0;

  /* Shows the time left until a resend and enables its buttons at the end. The server sends the seconds. */
  function countDown() {
    clearTimeout(countdownTimer);
    const text = document.querySelector("[data-wait]");
    if (!text) return;
    const buttons = document.querySelectorAll("[data-resend] button");
    const end = performance.now() + Number(text.dataset.wait) * 1000;
    const show = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      text.hidden = left <= 0;
      for (const button of buttons) button.disabled = left > 0;
      if (left <= 0) return;
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      text.textContent = text.dataset.text.replace("{time}", time);
      countdownTimer = setTimeout(show, 250);
    };
    show();
  }

  /* Returns the elements of an HTML text. */
  function parsed(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    // Django renders a different CSRF token each time; the parts are compared with the same one.
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    for (const field of part.content.querySelectorAll("[name=csrfmiddlewaretoken]")) field.setAttribute("value", token);
    return [...part.content.children];
  }

  /* Returns the control in the new HTML that corresponds to one of the old. */
  function counterpart(control) {
    if (control.id) return document.getElementById(control.id);
    return control.name ? live.querySelector(`[name="${control.name}"][value="${CSS.escape(control.value)}"]`) : null;
  }

  /* Replaces only the elements that changed, so that screen readers read only those. Keeps the focus. */
  function update(before, after) {
    const focused = live.contains(document.activeElement) ? document.activeElement : null;
    const now = [...live.children];
    if (before.length === after.length) {
      after.forEach((part, at) => part.isEqualNode(before[at]) || now[at].replaceWith(part.cloneNode(true)));
    } else {
      live.replaceChildren(...after.map((part) => part.cloneNode(true)));
    }
    countDown();
    if (focused && !focused.isConnected) (counterpart(focused) ?? live).focus();
  }

  /* Waits for the pause, or until the page is visible again. */
  function wait(pause) {
    return new Promise((done) => {
      setTimeout(done, pause);
      document.addEventListener("visibilitychange", done, { once: true });
    });
  }

  /* Returns whether a form was submitted: a reload now would cancel its request. */
  function isSubmitting() {
    return document.querySelector("form[data-sent]") !== null;
  }

  async function poll() {
    let pause = PAUSE;
    let before = parsed(live.innerHTML);
    countDown();
    for (;;) {
      await wait(pause);
      if (document.hidden || isSubmitting()) continue;
      let status;
      try {
        const answer = await fetch(live.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" });
        if (answer.status === 404) return;
        if (!answer.ok) throw new Error(answer.statusText);
        status = await answer.json();
      } catch {
        pause = Math.min(pause * 2, LONGEST_PAUSE);
        continue;
      }
      if (isSubmitting()) continue;
      // The verification ended; the server redirects to the next page.
      if (status.state !== "pending") return location.assign(location.href);
      if (status.version !== live.dataset.version) {
        const after = parsed(status.html);
        update(before, after);
        before = after;
        live.dataset.version = status.version;
        pause = PAUSE;
      }
      pause = Math.min(pause * 1.2, LONGEST_PAUSE);
    }
  }

  if (live) {
    live.tabIndex = -1;
    poll();
  } else {
    countDown();
  }
})();
