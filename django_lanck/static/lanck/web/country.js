// Replaces the select of countries by a searchable combobox (ARIA Authoring Practices, list autocomplete). It searches by
// name, dialling code and ISO code. The hidden select has the value.
(() => {
  "use strict";

  const { Metadata } = globalThis.libphonenumber;
  const PAGE = 8;

  function createElement(tag, attributes = {}, ...children) {
    const item = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) item.setAttribute(name, value);
    item.append(...children);
    return item;
  }

  /* Returns a text without accents and in lower case, so that "cote" finds "Côte d’Ivoire". */
  function normalized(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  }

  /* Returns the country of an option of the select, with its list item. The option's text ends with the code in brackets. */
  function readCountry(option, id) {
    const { code } = option.dataset;
    const name = option.text.replace(/\s*\([^()]*\)$/, "");
    const dial = createElement("bdi", { class: "lanck-dial", dir: "ltr" }, `+${code}`);
    const item = createElement("li", { id, role: "option" }, createElement("span", {}, name), dial);
    return { iso: option.value, name, code, item };
  }

  /* Returns whether a country is the main one of its dialling code: the United States for +1. */
  function isMain({ iso, code }) {
    return new Metadata().getCountryCodesForCallingCode(code)[0] === iso;
  }

  /* Returns how well a country matches the query: 0 is best, null is no match. */
  function rank(country, query) {
    const { iso, code } = country;
    const name = normalized(country.name);
    const digits = query.replace(/^\+/, "");
    if (normalized(iso) === query || (code === digits && isMain(country))) return 0;
    if (name.startsWith(query) || code === digits) return 1;
    if (name.split(/[\s\p{P}]+/u).some((word) => word.startsWith(query))) return 2;
    return name.includes(query) || (digits && code.startsWith(digits)) ? 3 : null;
  }

  class Combobox {
    shown = [];
    active = null;

    constructor(select) {
      const id = select.id || "lanck-country";
      this.select = select;
      this.countries = [...select.options].map((option) => readCountry(option, `${id}-${option.value}`));
      this.dial = createElement("bdi", { dir: "ltr" });
      this.list = createElement("ul", { class: "lanck-list", id: `${id}-list`, role: "listbox", hidden: "" });
      this.none = createElement("p", { class: "lanck-none", role: "status" });
      this.input = this.makeInput(id);
      const dial = createElement("span", { class: "lanck-dial", id: `${id}-dial` }, this.dial);
      select.after(createElement("div", { class: "lanck-combobox" }, this.input, dial, this.list, this.none));
      this.moveLabel(id);
      this.listen();
      this.close();
      select.hidden = true;
    }

    makeInput(id) {
      return createElement("input", {
        "aria-autocomplete": "list",
        "aria-controls": `${id}-list`,
        "aria-describedby": `${id}-dial ${this.select.getAttribute("aria-describedby") ?? ""}`.trim(),
        autocapitalize: "none",
        autocomplete: "off",
        class: "lanck-search",
        id: `${id}-search`,
        role: "combobox",
        spellcheck: "false",
        type: "text",
      });
    }

    moveLabel(id) {
      const label = this.select.labels[0];
      label.htmlFor = this.input.id;
      label.id ||= `${id}-label`;
      this.list.setAttribute("aria-labelledby", label.id);
    }

    listen() {
      this.input.addEventListener("keydown", (event) => this.press(event));
      this.input.addEventListener("input", () => this.open(normalized(this.input.value)));
      this.input.addEventListener("focus", () => this.input.select());
      this.input.addEventListener("click", () => {
        if (this.isOpen) return;
        this.open("");
        this.input.select();
      });
      this.input.addEventListener("blur", () => this.close());
      // Keep the focus in the field.
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const country = this.shown.find(({ item }) => item.contains(event.target));
        if (country) this.choose(country);
      });
      this.select.addEventListener("change", () => this.close());
      // Browsers restore the value of the select after a reload, without an event.
      addEventListener("pageshow", () => this.close());
    }

    get isOpen() {
      return !this.list.hidden;
    }

    get chosen() {
      return this.countries.find(({ iso }) => iso === this.select.value);
    }

    /* Opens the list with the matching countries, the best first; with all of them for an empty query. */
    open(query) {
      const ranked = this.countries.map((country) => [query ? rank(country, query) : 0, country]);
      const matching = ranked.filter(([match]) => match !== null).sort(([a], [b]) => a - b);
      this.shown = matching.map(([, country]) => country);
      for (const country of this.shown) country.item.setAttribute("aria-selected", country === this.chosen);
      this.list.replaceChildren(...this.shown.map(({ item }) => item));
      this.none.textContent = this.shown.length ? "" : this.select.closest("[data-lanck-phone]").dataset.none;
      this.dial.textContent = "";
      this.expand(this.shown.length > 0);
      this.activate(query ? this.shown[0] : this.chosen ?? this.shown[0]);
    }

    /* Closes the list and shows the chosen country in the field. */
    close() {
      this.expand(false);
      this.activate(undefined);
      this.none.textContent = "";
      this.input.value = this.chosen?.name ?? "";
      this.dial.textContent = this.chosen ? `+${this.chosen.code}` : "";
    }

    expand(isOpen) {
      this.list.hidden = !isOpen;
      this.input.setAttribute("aria-expanded", isOpen);
    }

    activate(country) {
      this.active?.item.classList.remove("active");
      this.active = country;
      if (!country) return this.input.removeAttribute("aria-activedescendant");
      country.item.classList.add("active");
      country.item.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", country.item.id);
    }

    choose(country) {
      const changed = this.select.value !== country.iso;
      this.select.value = country.iso;
      this.close();
      if (changed) this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    move(to) {
      const last = this.shown.length - 1;
      if (this.isOpen) this.activate(this.shown[Math.max(0, Math.min(to(this.shown.indexOf(this.active), last), last))]);
      else this.open("");
    }

    keys = {
      ArrowDown: () => this.move((at, last) => (at === last ? 0 : at + 1)),
      ArrowUp: () => this.move((at, last) => (at === 0 ? last : at - 1)),
      PageDown: () => this.move((at) => at + PAGE),
      PageUp: () => this.move((at) => at - PAGE),
      Home: () => this.move(() => 0),
      End: () => this.move((at, last) => last),
      Enter: () => (this.isOpen ? this.choose(this.active) : this.open("")),
      Escape: () => this.close(),
    };

    press(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      if (event.key === "Tab" && this.isOpen) this.choose(this.active);
      // While the list is closed, Home and End move the caret.
      if (!(event.key in this.keys) || (!this.isOpen && ["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      this.keys[event.key]();
    }
  }

  for (const select of document.querySelectorAll("[data-lanck-phone] select[name=country]")) new Combobox(select);
})();
