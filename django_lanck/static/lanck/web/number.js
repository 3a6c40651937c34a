// Formats the number while it is typed, as its country writes it, and chooses the country of an international number.
(() => {
  "use strict";

  const { AsYouType, Metadata, parsePhoneNumberFromString } = globalThis.libphonenumber;

  /* Replaces the digits of all scripts by 0-9. In Unicode the ten digits of a script are consecutive. */
  function withAsciiDigits(text) {
    return text.replace(/\p{Nd}/gu, (digit) => {
      let zero = digit.codePointAt(0);
      while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
      return String((digit.codePointAt(0) - zero) % 10);
    });
  }

  /* Returns the dialled characters of a text: its digits, after a leading plus. */
  function dialled(text) {
    const digits = withAsciiDigits(text).replace("＋", "+").replace(/[^\d+]/g, "");
    return digits.slice(0, 1) + digits.slice(1).replaceAll("+", "");
  }

  /* Returns the position in a text after so many dialled characters. */
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
      this.select.addEventListener("change", () => this.isChoosing || this.countryChanged());
      this.finished();
    }

    /* Formats the typed number and restores the caret. */
    edited(inputType) {
      let number = dialled(this.input.value);
      let caret = dialled(this.input.value.slice(0, this.input.selectionStart)).length;
      if (inputType.startsWith("delete") && number === this.last) {
        // Only a separator was deleted: delete the digit beside it.
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

    /* Makes the number a national one of the country that the person chose. */
    countryChanged() {
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

    /* Writes a complete number in national format and chooses its country; in international format if that is ambiguous. */
    writeWhole(found) {
      found.ext = undefined;
      this.choose(found.country);
      const national = found.formatNational();
      const same = parsePhoneNumberFromString(national, this.select.value)?.number === found.number;
      this.input.value = same ? national : found.formatInternational();
      this.last = dialled(this.input.value);
    }

    /* Returns the number in a text, in any format; null for none. */
    wholeNumber(text) {
      const found = parsePhoneNumberFromString(withAsciiDigits(text).replace(/^\s*00/, "+"), this.select.value);
      return found?.isValid() ? found : null;
    }

    /* Returns the country of an international number. If several share its code, prefers the chosen one. */
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
