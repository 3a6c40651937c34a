// The field of the code: fills it from the text message (WebOTP) or from pasted text, and submits the form once the code
// is complete.
(() => {
  "use strict";

  const form = document.querySelector("form[data-lanck-code-form]");
  const input = form?.querySelector("input[data-lanck-code]");
  if (!input) return;
  const length = Number(input.dataset.length);
  const refusedCode = input.value;

  const strip = (text) => text.replace(/[\s-]/g, "");
  const isCode = (digits) => [...digits].length === length;

  /* Returns the code in a text such as "Your code is 123-456"; undefined for no code, or for several. */
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

  function fillIn(code) {
    input.value = code;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A refused code is submitted again only after a change.
  input.addEventListener("input", (event) => {
    if (!event.isComposing && isComplete() && input.value !== refusedCode) form.requestSubmit();
  });
  input.addEventListener("compositionend", () => input.dispatchEvent(new Event("input")));

  input.addEventListener("paste", (event) => {
    const code = codeIn(event.clipboardData.getData("text"));
    if (!code) return;
    event.preventDefault();
    fillIn(code);
  });

  if (!("OTPCredential" in globalThis)) return;
  let abortController;

  async function readTextMessage() {
    abortController = new AbortController();
    try {
      const credential = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: abortController.signal });
      if (credential?.code) fillIn(credential.code);
    } catch {
      // Refused by the person or the browser, or aborted below.
    }
  }

  form.addEventListener("submit", () => abortController.abort());
  addEventListener("pageshow", (event) => event.persisted && readTextMessage());
  readTextMessage();
})();
