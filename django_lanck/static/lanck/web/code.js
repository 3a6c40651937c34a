// What people touch where they enter a code: it comes from the text message, from the clipboard, or digit by digit, and
// is sent once it is complete. Without this script it is typed and sent.
(() => {
  "use strict";

  const form = document.querySelector("form[data-lanck-code-form]");
  const input = form?.querySelector("input[data-lanck-code]");
  if (!input) return;
  const length = Number(input.dataset.length);
  const refused = input.value;

  const strip = (text) => text.replace(/[\s-]/g, "");
  const isCode = (digits) => [...digits].length === length;

  /* The code in a text such as "Your code is 123-456", in one piece or with gaps; none where it may be one of several. */
  function codeIn(text) {
    const pieces = text.match(/\p{Nd}+/gu) ?? [];
    const runs = text.match(/\p{Nd}+(?:[ -]\p{Nd}+)*/gu) ?? [];
    const codes = new Set([...pieces, ...runs.map(strip)].filter(isCode));
    return codes.size === 1 ? [...codes][0] : undefined;
  }

  function isComplete() {
    const digits = strip(input.value);
    return isCode(digits) && /^\p{Nd}+$/u.test(digits);
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
  addEventListener("pageshow", (event) => event.persisted && waitForText());
  waitForText();
})();
