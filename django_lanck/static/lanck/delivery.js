"use strict";

// The newest messages, asked for again and again while somebody can see them.
{
  const panel = document.querySelector(".lanck-latest");
  const rows = panel?.querySelector(".lanck-latest-rows");
  const button = panel?.querySelector("button");
  let timer = 0;
  let isStopped = false;

  const isWanted = () => !document.hidden && !isStopped;

  async function ask() {
    clearTimeout(timer);
    let goesOn = true;
    try {
      const answer = await fetch(panel.dataset.address, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) {
        show(await answer.text());
      }
      goesOn = answer.ok || answer.status >= 500;
    } catch {
      // The site or the network is away for a moment; or the session is over, and then asking again does no harm.
    }
    if (goesOn && isWanted()) {
      timer = setTimeout(ask, panel.dataset.seconds * 1000);
    }
  }

  function show(text) {
    // Whoever is about to follow a link or reads on in the table is left in peace.
    if (panel.hidden || !rows.contains(document.activeElement)) {
      rows.replaceChildren(document.createRange().createContextualFragment(text));
      panel.hidden = false;
    }
  }

  function stopOrGoOn() {
    isStopped = !isStopped;
    button.textContent = isStopped ? panel.dataset.goOn : panel.dataset.stop;
    isWanted() ? ask() : clearTimeout(timer);
  }

  if (panel) {
    button.addEventListener("click", stopOrGoOn);
    document.addEventListener("visibilitychange", () => (isWanted() ? ask() : clearTimeout(timer)));
    ask();
  }
}
