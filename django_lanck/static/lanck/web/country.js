// The list of countries as a field in which one searches by name, dialling code or ISO code: the combobox with a list
// of the ARIA Authoring Practices. The select that it stands for keeps the value, and is what there is without scripts.
(() => {
  "use strict";

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

  /* How well a country fits what was typed: 0 is best, null is not at all. */
  function rank({ name, iso, code }, query) {
    const digits = query.replace(/^\+/, "");
    if (iso === query || code === digits) return 0;
    if (name.startsWith(query)) return 1;
    if (name.split(/[\s\p{P}]+/u).some((word) => word.startsWith(query))) return 2;
    return name.includes(query) || (digits && code.startsWith(digits)) ? 3 : null;
  }

  function enhance(select) {
    const id = select.id || "lanck-country";
    const dial = make("bdi", { dir: "ltr" });
    const shownDial = make("span", { class: "lanck-dial", id: `${id}-dial` }, dial);
    const list = make("ul", { class: "lanck-list", id: `${id}-list`, role: "listbox", hidden: "" });
    const none = make("p", { class: "lanck-none", role: "status" });
    const input = make("input", {
      "aria-autocomplete": "list",
      "aria-controls": list.id,
      "aria-describedby": `${shownDial.id} ${select.getAttribute("aria-describedby") ?? ""}`.trim(),
      "aria-expanded": "false",
      autocapitalize: "none",
      autocomplete: "off",
      class: "lanck-search",
      id: `${id}-search`,
      role: "combobox",
      spellcheck: "false",
      type: "text",
    });
    const countries = [...select.options].filter((option) => option.value).map((option, at) => {
      const { code } = option.dataset;
      const name = option.text.replace(`(+${code})`, "").trim();
      const dialled = make("bdi", { class: "lanck-dial", dir: "ltr" }, `+${code}`);
      const item = make("li", { id: `${id}-${at}`, role: "option" }, make("span", {}, name), dialled);
      return { item, code, label: name, name: plain(name), value: option.value, iso: plain(option.value) };
    });
    let shown = [];
    let active = null;

    const chosen = () => countries.find((country) => country.value === select.value);
    const isOpen = () => !list.hidden;

    function showChosen() {
      const country = chosen();
      input.value = country?.label ?? "";
      dial.textContent = country ? `+${country.code}` : "";
    }

    function activate(country) {
      active?.item.classList.remove("active");
      active = country;
      if (!country) return input.removeAttribute("aria-activedescendant");
      country.item.classList.add("active");
      country.item.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", country.item.id);
    }

    function show(query) {
      const ranked = countries.map((country) => [query ? rank(country, query) : 0, country]);
      shown = ranked.filter(([fit]) => fit !== null).sort(([a], [b]) => a - b).map(([, country]) => country);
      for (const country of countries) country.item.setAttribute("aria-selected", String(country === chosen()));
      list.replaceChildren(...shown.map(({ item }) => item));
      list.hidden = !shown.length;
      none.textContent = shown.length ? "" : select.closest("[data-lanck-phone]").dataset.none;
      input.setAttribute("aria-expanded", String(isOpen()));
      activate(query ? shown[0] : chosen() ?? shown[0]);
    }

    function close() {
      list.hidden = true;
      none.textContent = "";
      input.setAttribute("aria-expanded", "false");
      activate(null);
      showChosen();
    }

    function choose(country) {
      const changed = select.value !== country.value;
      select.value = country.value;
      close();
      if (changed) select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function move(to) {
      if (!isOpen()) show("");
      else activate(shown[Math.max(0, Math.min(to(shown.indexOf(active)), shown.length - 1))]);
    }

    const keys = {
      ArrowDown: () => move((at) => (at + 1) % shown.length),
      ArrowUp: () => move((at) => (at || shown.length) - 1),
      PageDown: () => move((at) => at + PAGE),
      PageUp: () => move((at) => at - PAGE),
      Home: () => move(() => 0),
      End: () => move(() => Infinity),
      Enter: () => (isOpen() ? choose(active) : show("")),
      Escape: close,
    };

    input.addEventListener("keydown", (event) => {
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      if (event.key === "Tab" && isOpen()) choose(active);
      // In a closed list Home and End are for the text.
      if (!(event.key in keys) || (!isOpen() && ["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      keys[event.key]();
    });
    input.addEventListener("input", () => show(plain(input.value)));
    input.addEventListener("click", () => isOpen() || (show(""), input.select()));
    input.addEventListener("blur", close);
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const country = shown.find(({ item }) => item.contains(event.target));
      if (country) choose(country);
    });
    select.addEventListener("change", showChosen);
    // Browsers bring back what was chosen before a reload, and say so to nobody.
    addEventListener("pageshow", showChosen);

    const label = select.labels[0];
    if (label) {
      label.htmlFor = input.id;
      label.id ||= `${id}-label`;
      list.setAttribute("aria-labelledby", label.id);
    }
    select.hidden = true;
    select.after(make("div", { class: "lanck-combobox" }, input, shownDial, list, none));
    showChosen();
  }

  for (const select of document.querySelectorAll("[data-lanck-phone] select[name=country]")) enhance(select);
})();
