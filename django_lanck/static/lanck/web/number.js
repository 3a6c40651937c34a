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
    if (dialled(text).length === count) return text.length;
    let at = 0;
    for (let left = count; left > 0; at += 1) if (/[\d+]/.test(text[at])) left -= 1;
    return at;
  }

  class NumberField {
    last = "";
    isChoosing = false;

    constructor(root) {
      this.select = root.querySelector("select[name=country]");
      this.input = root.querySelector("input[name=number]");
      this.input.addEventListener("input", (event) => event.isComposing || this.edited(event.inputType ?? ""));
      this.input.addEventListener("compositionend", () => this.edited(""));
      this.input.addEventListener("paste", (event) => this.pasted(event));
      this.input.addEventListener("change", () => this.finished());
      this.select.addEventListener("change", () => this.isChoosing || this.moved());
      this.finished();
    }

    /* What was typed, formatted, with the caret where it was. */
    edited(inputType) {
      let number = dialled(this.input.value);
      let caret = dialled(this.input.value.slice(0, this.input.selectionStart)).length;
      if (inputType.startsWith("delete") && number === this.last) {
        // Only what was put between the digits was deleted: the digit beside it is meant.
        if (!inputType.endsWith("Forward")) caret = Math.max(0, caret - 1);
        number = number.slice(0, caret) + number.slice(caret + 1);
      }
      this.write(number);
      const at = caretAfter(this.input.value, caret);
      this.input.setSelectionRange(at, at);
    }

    pasted(event) {
      const found = this.wholeNumber(event.clipboardData.getData("text"));
      if (!found) return;
      event.preventDefault();
      this.writeWhole(found);
    }

    finished() {
      const found = this.wholeNumber(this.input.value);
      if (found) this.writeWhole(found);
      else this.last = dialled(this.input.value);
    }

    /* Another country was chosen by hand: the number is one of that country now. */
    moved() {
      const number = dialled(this.input.value);
      const typed = new AsYouType();
      typed.input(number);
      this.write(number.startsWith("+") ? number.slice(1 + (typed.getCallingCode() ?? "").length) : number);
    }

    write(number) {
      const isInternational = number.startsWith("+");
      const typed = new AsYouType(isInternational ? undefined : this.select.value);
      this.input.value = typed.input(number);
      this.last = number;
      if (isInternational) this.choose(this.countryOf(typed));
    }

    /* A whole number, in its country and as that country writes it, if that stays the same number. */
    writeWhole(found) {
      found.ext = undefined;
      this.choose(found.country);
      const national = found.formatNational();
      const same = parsePhoneNumberFromString(national, this.select.value)?.number === found.number;
      this.input.value = same ? national : found.formatInternational();
      this.last = dialled(this.input.value);
    }

    /* The number that a text holds, however it is spelled; null where it holds none. */
    wholeNumber(text) {
      const found = parsePhoneNumberFromString(inLatin(text).replace(/^\s*00/, "+"), this.select.value);
      return found?.isValid() ? found : null;
    }

    /* The country of an international number. Several may share a code: the chosen one stays if it is one of them. */
    countryOf(typed) {
      if (typed.getCountry() || !typed.getCallingCode()) return typed.getCountry();
      const sharing = new Metadata().getCountryCodesForCallingCode(typed.getCallingCode()) ?? [];
      return sharing.includes(this.select.value) ? this.select.value : sharing[0];
    }

    choose(country) {
      if (this.select.value === country || !this.select.querySelector(`option[value="${country}"]`)) return;
      this.isChoosing = true;
      this.select.value = country;
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
      this.isChoosing = false;
    }
  }

  for (const root of document.querySelectorAll("[data-lanck-phone]")) new NumberField(root);
})();
