/* Keeps the handset page up to date: asks once a second whether anything changed, and only then fetches the page
   again and takes over its live parts. Rests while the tab is hidden. */
(() => {
  "use strict";

  const PAUSE = 1000;
  const LONGEST_PAUSE = 10000;
  const body = document.body;
  const link = document.querySelector(".link");
  const announcement = document.querySelector("[data-announce]");
  let version = body.dataset.version;
  let failures = 0;
  let timer = 0;
  let asking = false;

  const twoDigits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

  function showState(state, text) {
    link.dataset.state = state;
    link.querySelector("[data-state-text]").textContent = text;
  }

  function showTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      const today = at.toDateString() === new Date().toDateString();
      time.textContent = today ? at.toLocaleTimeString([], twoDigits) : at.toLocaleDateString();
      time.title = at.toLocaleString();
    }
    const now = new Date().toLocaleTimeString([], twoDigits);
    for (const clock of root.querySelectorAll("[data-clock]")) clock.textContent = now;
  }

  function keys(root) {
    return new Set([...root.querySelectorAll("[data-key]")].map((item) => item.dataset.key));
  }

  /* Puts a newer version of a live part in place of the old one; what was open, focused and scrolled stays so. */
  function replace(part, newer) {
    const open = [...part.querySelectorAll("details[open][id]")].map((item) => item.id);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const scrolled = part.querySelector("[data-scroll]");
    const { scrollTop = 0, scrollLeft = 0 } = scrolled ?? {};
    part.replaceChildren(...newer.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    part.querySelector("[data-scroll]")?.scrollTo({ top: scrollTop, left: scrollLeft, behavior: "instant" });
    showTimes(part);
  }

  function greet(part, known) {
    for (const item of part.querySelectorAll("[data-key]")) {
      if (known.has(item.dataset.key)) continue;
      item.classList.add("new");
      announcement.textContent = item.dataset.say;
    }
  }

  async function get(url) {
    const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer;
  }

  /* The form in which somebody is writing a text, if anybody is. */
  function draft() {
    const field = document.querySelector(".composer textarea");
    return field && (field.value || field === document.activeElement) ? field.form : null;
  }

  async function newestPage(url) {
    return new DOMParser().parseFromString(await (await get(url)).text(), "text/html");
  }

  async function refresh() {
    const page = await newestPage(draft()?.action ?? location.href); // a writer's phone stays open
    const writing = draft();
    if (writing && page.querySelector(".composer form")?.getAttribute("action") !== writing.getAttribute("action")) {
      return; // began on another phone meanwhile: the next round gets that one
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const newer = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!newer || (writing && part.contains(writing))) continue;
      const known = keys(part);
      replace(part, newer);
      if (part.dataset.live === "handset") greet(part, known);
    }
    version = page.body.dataset.version;
  }

  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const state = await (await get(body.dataset.poll)).json();
      if (state.version !== version) await refresh();
      failures = 0;
      showState("live", "Live");
    } catch {
      failures += 1;
      showState("lost", "Connection lost. Trying again…");
    } finally {
      asking = false;
      timer = setTimeout(ask, Math.min(PAUSE * 2 ** failures, LONGEST_PAUSE));
    }
  }

  /* A login in another tab makes the token of this page old: takes a new one along. */
  async function send(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const page = await newestPage(form.action);
      form.elements.csrfmiddlewaretoken.value = page.querySelector("[name=csrfmiddlewaretoken]").value;
      form.submit();
    } catch {
      announcement.textContent = "Not sent: the connection is lost. Try again.";
      showState("lost", "Not sent: connection lost. Try again.");
      button.disabled = false;
    }
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      /* No clipboard outside https and localhost: by way of a selected field. */
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "unseen";
      body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.classList.add("copied");
    announcement.textContent = `Copied ${text}`;
    setTimeout(() => button.classList.remove("copied"), 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) showState("off", "Paused");
    else ask();
  });

  body.classList.add("scripted");
  showTimes(document);
  document.querySelector(".phones [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  ask();
})();
