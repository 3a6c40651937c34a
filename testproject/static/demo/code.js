// Without this script everything works too: the server says how long to wait, and reloading shows the delivery.

const EVERY = 2000;

function countDown(text, buttons) {
  const end = performance.now() + Number(text.dataset.wait) * 1000;
  const show = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    text.hidden = left <= 0;
    for (const button of buttons) button.disabled = left > 0;
    if (left <= 0) return;
    const minutes = Math.floor(left / 60);
    text.textContent = `You can do that in ${minutes}:${String(left % 60).padStart(2, "0")}.`;
    setTimeout(show, 250);
  };
  show();
}

async function followDelivery(line) {
  const words = JSON.parse(line.dataset.words);
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY));
    if (document.hidden) continue;
    let answer;
    try {
      answer = await fetch(line.dataset.url, { headers: { Accept: "application/json" } });
    } catch {
      continue;
    }
    if (!answer.ok) return;
    const verification = await answer.json();
    if (verification.status !== "pending") return location.assign(location.href);
    if (verification.delivery === line.dataset.status) continue;
    line.dataset.status = verification.delivery;
    [line.dataset.tone, line.textContent] = words[verification.delivery] ?? words.accepted;
  }
}

const countdown = document.querySelector("[data-wait]");
if (countdown) countDown(countdown, document.querySelectorAll("[data-resend] button"));

const delivery = document.querySelector("[data-url]");
if (delivery) followDelivery(delivery);
