// The list of countries as a field in which one searches by name, dialling code or ISO code: the combobox with a list
// of the ARIA Authoring Practices. The select that it stands for keeps the value, and is what there is without scripts.
(() => {
  "use strict";

  const { Metadata } = globalThis.libphonenumber;
  const PAGE = 8;

  function make(tag, attributes = {}, ...children) {
    const item = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) item.setAttribute(name, value);
    item.append(...children);
    return item;
  }

  /* Letters without their accents, so that "cote" finds "Côte d’Ivoire". */
  function plain(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  }

  /* A country as an option of the list. The text of the select's option ends with the code in brackets. */
  function readCountry(option, id) {
    const { code } = option.dataset;
    const name = option.text.replace(/\s*\([^()]*\)$/, "");
    const dial = make("bdi", { class: "lanck-dial", dir: "ltr" }, `+${code}`);
    const item = make("li", { id, role: "option" }, make("span", {}, name), dial);
    return { iso: option.value, name, code, item };
  }

  /* Whether a country is the one that comes to mind at its code: of those with +1, the United States. */
  function isMain({ iso, code }) {
    return new Metadata().getCountryCodesForCallingCode(code)[0] === iso;
  }

  /* How well a country fits what was typed: 0 is best, null is not at all. */
  function rank(country, query) {
    const { iso, code } = country;
    const name = plain(country.name);
    const digits = query.replace(/^\+/, "");
    if (plain(iso) === query || (code === digits && isMain(country))) return 0;
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
      this.dial = make("bdi", { dir: "ltr" });
      this.list = make("ul", { class: "lanck-list", id: `${id}-list`, role: "listbox", hidden: "" });
      this.none = make("p", { class: "lanck-none", role: "status" });
      this.input = this.makeInput(id);
      const dial = make("span", { class: "lanck-dial", id: `${id}-dial` }, this.dial);
      select.after(make("div", { class: "lanck-combobox" }, this.input, dial, this.list, this.none));
      this.takeLabel(id);
      this.listen();
      this.close();
      select.hidden = true;
    }

    makeInput(id) {
      return make("input", {
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

    takeLabel(id) {
      const label = this.select.labels[0];
      label.htmlFor = this.input.id;
      label.id ||= `${id}-label`;
      this.list.setAttribute("aria-labelledby", label.id);
    }

    listen() {
      this.input.addEventListener("keydown", (event) => this.press(event));
      this.input.addEventListener("input", () => this.open(plain(this.input.value)));
      this.input.addEventListener("focus", () => this.input.select());
      this.input.addEventListener("click", () => {
        if (this.isOpen) return;
        this.open("");
        this.input.select();
      });
      this.input.addEventListener("blur", () => this.close());
      // The focus stays in the field.
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const country = this.shown.find(({ item }) => item.contains(event.target));
        if (country) this.choose(country);
      });
      this.select.addEventListener("change", () => this.close());
      // Browsers bring back what was chosen before a reload, and say so to nobody.
      addEventListener("pageshow", () => this.close());
    }

    get isOpen() {
      return !this.list.hidden;
    }

    get chosen() {
      return this.countries.find(({ iso }) => iso === this.select.value);
    }

    /* The countries that fit, the best first; all of them where nothing was typed. */
    open(query) {
      const ranked = this.countries.map((country) => [query ? rank(country, query) : 0, country]);
      const fitting = ranked.filter(([fit]) => fit !== null).sort(([a], [b]) => a - b);
      this.shown = fitting.map(([, country]) => country);
      for (const country of this.shown) country.item.setAttribute("aria-selected", country === this.chosen);
      this.list.replaceChildren(...this.shown.map(({ item }) => item));
      this.none.textContent = this.shown.length ? "" : this.select.closest("[data-lanck-phone]").dataset.none;
      this.dial.textContent = "";
      this.expand(this.shown.length > 0);
      this.activate(query ? this.shown[0] : this.chosen ?? this.shown[0]);
    }

    /* The field says what is chosen. */
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
      // In a closed list Home and End are for the text.
      if (!(event.key in this.keys) || (!this.isOpen && ["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      this.keys[event.key]();
    }
  }

  for (const select of document.querySelectorAll("[data-lanck-phone] select[name=country]")) new Combobox(select);
})();
