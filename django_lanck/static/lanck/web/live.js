// The part of a page that the server knows better by the second: what became of the message, and how long to wait for
// another one. Without this script reloading shows it, and asking too soon says how long.
(() => {
  "use strict";

  const PAUSE = 2000;
  const LONGEST_PAUSE = 10000;
  const live = document.querySelector("[data-lanck-live]");
  let counting = 0;

  /* Shows the seconds left and unlocks what waits for them. The server says how many; this clock only counts. */
  function countDown() {
    clearTimeout(counting);
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
      counting = setTimeout(show, 250);
    };
    show();
  }

  function parsed(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    // Django writes a token differently each time; to compare parts, one spelling will do.
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    for (const field of part.content.querySelectorAll("[name=csrfmiddlewaretoken]")) field.setAttribute("value", token);
    return [...part.content.children];
  }

  /* The same control in newer HTML. */
  function counterpart(control) {
    if (control.id) return document.getElementById(control.id);
    return control.name ? live.querySelector(`[name="${control.name}"][value="${CSS.escape(control.value)}"]`) : null;
  }

  /* Replaces what changed and nothing else, so that only that is read out; the focus stays where it was. */
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

  /* Until the pause is over, or the person comes back to the page. */
  function rest(pause) {
    return new Promise((done) => {
      setTimeout(done, pause);
      document.addEventListener("visibilitychange", done, { once: true });
    });
  }

  /* A form is under way: what it led to is in its answer, which nothing may cancel. */
  function isLeaving() {
    return document.querySelector("form[data-sent]") !== null;
  }

  async function follow() {
    let pause = PAUSE;
    let before = parsed(live.innerHTML);
    countDown();
    for (;;) {
      await rest(pause);
      if (document.hidden || isLeaving()) continue;
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
      if (isLeaving()) continue;
      // There is no code to type any more; the server knows where to go from here.
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
    follow();
  } else {
    countDown();
  }
})();
