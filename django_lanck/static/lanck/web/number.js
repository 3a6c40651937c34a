// The number as its country writes it, while it is typed. Without this script it is sent as it was typed.
(() => {
  "use strict";

  const { AsYouType, Metadata, parsePhoneNumberFromString } = globalThis.libphonenumber;

  /* The digits of any script as 0-9: in Unicode each script has its ten in a row. */
  function inLatin(text) {
    return text.replace(/\p{Nd}/gu, (digit) => {
      let zero = digit.codePointAt(0);
      while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
      return String((digit.codePointAt(0) - zero) % 10);
    });
  }

  /* What is dialled: digits, with a plus at the start if there is one. */
  function dialled(text) {
    const digits = inLatin(text).replace("＋", "+").replace(/[^\d+]/g, "");
    return digits.slice(0, 1) + digits.slice(1).replaceAll("+", "");
  }

  /* Where the caret stands in a text, so that as many dialled characters are before it. */
  function caretAfter(text, count) {
    let at = 0;
    for (let left = count; left > 0 && at < text.length; at += 1) if (/[\d+]/.test(text[at])) left -= 1;
    return dialled(text).length === count ? text.length : at;
  }

  function follow(root) {
    const select = root.querySelector("select[name=country]");
    const input = root.querySelector("input[name=number]");
    let last = "";
    let choosing = false;

    function choose(country) {
      if (select.value === country || !select.querySelector(`option[value="${country}"]`)) return;
      choosing = true;
      select.value = country;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      choosing = false;
    }

    /* The country of an international number. Several may share a code: the chosen one stays if it is one of them. */
    function chooseBy(typed) {
      const code = typed.getCallingCode();
      if (!code || typed.getCountry()) return choose(typed.getCountry());
      const sharing = new Metadata().getCountryCodesForCallingCode(code) ?? [];
      if (!sharing.includes(select.value)) choose(sharing[0]);
    }

    function write(number, caret) {
      const typed = new AsYouType(number.startsWith("+") ? undefined : select.value);
      input.value = typed.input(number);
      last = number;
      if (number.startsWith("+")) chooseBy(typed);
      if (caret === undefined || document.activeElement !== input) return;
      const at = caretAfter(input.value, caret);
      input.setSelectionRange(at, at);
    }

    /* A whole number, in its country and as that country writes it, if that stays the same number. */
    function writeWhole(found) {
      found.ext = undefined;
      choose(found.country);
      const national = found.formatNational();
      const same = parsePhoneNumberFromString(national, select.value)?.number === found.number;
      input.value = same ? national : found.formatInternational();
      last = dialled(input.value);
    }

    /* A whole number in a text, however it is spelled. */
    function wholeNumber(text) {
      const found = parsePhoneNumberFromString(inLatin(text).replace(/^\s*00/, "+"), select.value);
      return found?.isValid() ? found : null;
    }

    input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      let number = dialled(input.value);
      let caret = dialled(input.value.slice(0, input.selectionStart)).length;
      if (event.inputType?.startsWith("delete") && number === last) {
        // Only what was put between the digits was deleted: the digit beside it is meant.
        if (!event.inputType.endsWith("Forward")) caret = Math.max(0, caret - 1);
        number = number.slice(0, caret) + number.slice(caret + 1);
      }
      write(number, caret);
    });
    input.addEventListener("compositionend", () => write(dialled(input.value), dialled(input.value).length));

    input.addEventListener("paste", (event) => {
      const found = wholeNumber(event.clipboardData.getData("text"));
      if (!found) return;
      event.preventDefault();
      writeWhole(found);
    });

    input.addEventListener("change", () => {
      const found = wholeNumber(input.value);
      if (found) writeWhole(found);
    });

    // Another country by hand: the number is one of that country now.
    select.addEventListener("change", () => {
      if (choosing || !input.value) return;
      const number = dialled(input.value);
      const typed = new AsYouType();
      typed.input(number);
      write(number.startsWith("+") ? number.slice(1 + (typed.getCallingCode() ?? "").length) : number);
    });

    if (input.value) write(dialled(input.value));
  }

  for (const root of document.querySelectorAll("[data-lanck-phone]")) follow(root);
})();
