"use strict";

// Polls the newest messages while the page is visible.
{
  const panel = document.querySelector(".lanck-latest");
  const rows = panel?.querySelector(".lanck-latest-rows");
  const button = panel?.querySelector("button");
  let timer = 0;
  let isStopped = false;

  const isActive = () => !document.hidden && !isStopped;

  async function poll() {
    clearTimeout(timer);
    let isRetried = true;
    try {
      const response = await fetch(panel.dataset.url, { credentials: "same-origin", redirect: "error" });
      if (response.ok) {
        show(await response.text());
      }
      isRetried = response.ok || response.status >= 500;
    } catch {
      // The site or the network is unavailable, or the session has expired; another request does no harm.
    }
    if (isRetried && isActive()) {
      timer = setTimeout(poll, panel.dataset.seconds * 1000);
    }
  }

  function show(html) {
    // Keep the rows while one of them has the focus.
    if (panel.hidden || !rows.contains(document.activeElement)) {
      rows.replaceChildren(document.createRange().createContextualFragment(html));
      panel.hidden = false;
    }
  }

  function pollOrStop() {
    isActive() ? poll() : clearTimeout(timer);
  }

  function toggle() {
    isStopped = !isStopped;
    button.textContent = isStopped ? panel.dataset.resume : panel.dataset.stop;
    pollOrStop();
  }

  if (panel) {
    button.addEventListener("click", toggle);
    document.addEventListener("visibilitychange", pollOrStop);
    poll();
  }
}
