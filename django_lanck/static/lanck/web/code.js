// What people touch where they enter a code: it comes from the text message, from the clipboard, or digit by digit, and
// is sent once it is complete. Without this script it is typed and sent.
(() => {
  "use strict";

  const form = document.querySelector("form[data-lanck-code-form]");
  const input = form?.querySelector("input[data-lanck-code]");
  if (!input) return;
  const length = Number(input.dataset.length);
  const refused = input.value;

  /* The one run of digits that is as long as a code, in one piece or else with gaps: "Your code is 123-456". */
  function codeIn(text) {
    const whole = new RegExp(`(?<!\\p{Nd})\\p{Nd}{${length}}(?!\\p{Nd})`, "gu");
    const parts = new RegExp(`(?<!\\p{Nd}[ -]?)\\p{Nd}(?:[ -]?\\p{Nd}){${length - 1}}(?![ -]?\\p{Nd})`, "gu");
    // The last line of a text that browsers read begins with the site's name.
    const bound = text.match(/^@\S+ #(\p{Nd}+)/mu)?.[1];
    const found = [bound, ...(text.match(whole) ?? []), ...(text.match(parts) ?? [])].filter(Boolean);
    return found[0]?.replace(/[ -]/g, "");
  }

  function isComplete() {
    return new RegExp(`^(?:[\\s-]*\\p{Nd}){${length}}[\\s-]*$`, "u").test(input.value);
  }

  function enter(code) {
    input.value = code;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A code that was wrong is not sent again before it is changed.
  input.addEventListener("input", (event) => {
    if (!event.isComposing && isComplete() && input.value !== refused) form.requestSubmit();
  });
  input.addEventListener("compositionend", () => input.dispatchEvent(new Event("input")));

  input.addEventListener("paste", (event) => {
    const code = codeIn(event.clipboardData.getData("text"));
    if (!code) return;
    event.preventDefault();
    enter(code);
  });

  if (!("OTPCredential" in globalThis)) return;
  let waiting;

  async function waitForText() {
    waiting = new AbortController();
    try {
      const credential = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: waiting.signal });
      if (credential?.code) enter(credential.code);
    } catch {
      // Refused by the person or the browser, or given up below: the code is typed.
    }
  }

  form.addEventListener("submit", () => waiting.abort());
  addEventListener("pagehide", () => waiting.abort());
  addEventListener("pageshow", (event) => event.persisted && waitForText());
  waitForText();
})();
