/* Updates the handset page. Polls its version once a second, and fetches the page and replaces its live parts when
   the version has changed. Pauses while the tab is hidden. */
(() => {
  "use strict";

  const POLL_INTERVAL = 1000;
  const MAX_POLL_INTERVAL = 10000;
  const body = document.body;
  const indicator = document.querySelector(".connection");
  const announcement = document.querySelector("[data-announce]");
  let version = body.dataset.version;
  let failures = 0;
  let timer = 0;
  let polling = false;

  const twoDigits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

  function showState(state, text) {
    indicator.dataset.state = state;
    indicator.querySelector("[data-state-text]").textContent = text;
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

  /* Replaces the content of a live part. Open details, the focus and the scroll position are restored. */
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

  /* Animates and announces the entries that are new. */
  function announceNew(part, known) {
    for (const item of part.querySelectorAll("[data-key]")) {
      if (known.has(item.dataset.key)) continue;
      item.classList.add("new");
      announcement.textContent = item.dataset.announcement;
    }
  }

  async function get(url) {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response;
  }

  /* Returns the form if it has a draft or the focus, or null. */
  function formInUse() {
    const field = document.querySelector(".composer textarea");
    return field && (field.value || field === document.activeElement) ? field.form : null;
  }

  async function fetchPage(url) {
    return new DOMParser().parseFromString(await (await get(url)).text(), "text/html");
  }

  async function refresh() {
    const page = await fetchPage(formInUse()?.action ?? location.href); // keep the phone of a draft open
    const form = formInUse();
    if (form && page.querySelector(".composer form")?.getAttribute("action") !== form.getAttribute("action")) {
      return; // a draft was started on another phone during the fetch: the next poll fetches that phone
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const newer = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!newer || (form && part.contains(form))) continue;
      const known = keys(part);
      replace(part, newer);
      if (part.dataset.live === "handset") announceNew(part, known);
    }
    version = page.body.dataset.version;
  }

  async function poll() {
    if (polling || document.hidden) return;
    polling = true;
    try {
      const state = await (await get(body.dataset.poll)).json();
      if (state.version !== version) await refresh();
      failures = 0;
      showState("live", "Live");
    } catch {
      failures += 1;
      showState("lost", "Connection lost. Retrying…");
    } finally {
      polling = false;
      timer = setTimeout(poll, Math.min(POLL_INTERVAL * 2 ** failures, MAX_POLL_INTERVAL));
    }
  }

  /* Sends a text with a new CSRF token: a login in another tab invalidates the one of this page. */
  async function send(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const page = await fetchPage(form.action);
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
      /* The clipboard API works on https and localhost only: copy from a selected field instead. */
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
    else poll();
  });

  body.classList.add("scripted");
  showTimes(document);
  document.querySelector(".phones [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  poll();
})();
