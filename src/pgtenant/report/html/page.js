"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const find = byId("find");
  const items = all(".item").map((element) => ({
    element,
    section: element.closest("section"),
    text: element.textContent.toLowerCase(),
  }));

  // What each section asks for beyond the words that are searched for.
  const chosen = { database: "" };
  const wanted = {
    map: ({ state }) => !byId("map-state").value || state === byId("map-state").value,
    access: ({ database, standing, level, powers }) => {
      const compared = byId("access-standing").value;
      const power = byId("access-power").value;
      const declared = byId("access-level").value;
      return (
        (!chosen.database || database === chosen.database) &&
        (chosen.database || !compared ||
          (compared === "-" ? standing !== "the platform's own" : standing === compared)) &&
        (!declared || level === declared) &&
        (!power || powers.split(" ").includes(power))
      );
    },
  };

  const say = (id, text) => {
    const element = byId(id);
    if (element && element.textContent !== text) element.textContent = text;
  };

  const refresh = () => {
    const terms = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = new Map();
    let found = 0;
    for (const { element, section, text } of items) {
      const fits = wanted[section.id];
      const hit = terms.every((term) => text.includes(term)) && (!fits || fits(element.dataset));
      element.hidden = !hit;
      const count = counts.get(section.id) || [0, 0];
      counts.set(section.id, [count[0] + hit, count[1] + 1]);
      found += hit;
    }
    for (const [id, [shown, total]] of counts) say(`${id}-hint`, `${shown} of ${total} shown`);
    for (const group of all(".group")) {
      group.hidden = !all(".item", group).some((item) => !item.hidden);
    }
    say("find-hint", terms.length ? `${found} found` : "press / to search");
    for (const tiles of all(".tiles")) rove(tiles);
  };

  // A map is one stop of the Tab key; the arrow keys move within it.
  const visible = (tiles) => all(".item:not([hidden]) > .tile", tiles);
  const rove = (tiles, to) => {
    const links = visible(tiles);
    const current = to || links.find((link) => link.tabIndex === 0) || links[0];
    for (const link of all(".tile", tiles)) link.tabIndex = link === current ? 0 : -1;
  };
  const neighbour = (links, link, key) => {
    const at = links.indexOf(link);
    const here = link.getBoundingClientRect();
    const column = (other) => Math.abs(other.getBoundingClientRect().left - here.left) < 4;
    switch (key) {
      case "ArrowLeft": return links[at - 1];
      case "ArrowRight": return links[at + 1];
      case "ArrowUp": return links.slice(0, at).reverse().find(column);
      case "ArrowDown": return links.slice(at + 1).find(column);
      case "Home": return links[0];
      case "End": return links[links.length - 1];
      default: return undefined;
    }
  };
  for (const tiles of all(".tiles")) {
    tiles.addEventListener("keydown", (event) => {
      const link = event.target.closest(".tile");
      const next = link && !event.ctrlKey && !event.altKey && !event.metaKey &&
        neighbour(visible(tiles), link, event.key);
      if (!next) return;
      event.preventDefault();
      rove(tiles, next);
      next.focus();
    });
    tiles.addEventListener("focusin", (event) => rove(tiles, event.target.closest(".tile")));
  }

  // A tile leads to who may do what in its database.
  const only = document.createElement("button");
  only.type = "button";
  only.className = "only";
  only.hidden = true;
  const choose = (database) => {
    chosen.database = database;
    only.textContent = `only ${database} ✕`;
    only.setAttribute("aria-label", `Only ${database}: show all databases again`);
    only.hidden = !database;
    refresh();
  };
  only.addEventListener("click", () => {
    choose("");
    byId("access-standing").focus();
  });
  all("#access .controls").forEach((controls) => controls.prepend(only));
  for (const link of all(".tile")) {
    link.addEventListener("click", () => {
      if (!byId("access-standing")) return;
      choose(link.dataset.database);
      setTimeout(() => only.focus({ preventScroll: true }));
    });
  }

  // Sorting: a heading becomes a button.
  const collator = new Intl.Collator("en", { numeric: true });
  const value = (row, index) => row.cells[index].dataset.value || row.cells[index].textContent;
  for (const heading of all("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      const body = heading.closest("table").tBodies[0];
      const sorted = Array.from(body.rows).map((row) => [value(row, heading.cellIndex), row]);
      sorted.sort((a, b) => (down ? -1 : 1) * collator.compare(a[0], b[0]));
      body.append(...sorted.map(([, row]) => row));
      for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  }

  // On paper everything is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  for (const element of all(".controls[hidden], .find[hidden]")) element.hidden = false;
  for (const select of all("select")) select.addEventListener("change", refresh);
  find.addEventListener("input", refresh);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
      find.select();
    } else if (event.key === "Escape" && event.target === find) {
      find.value = "";
      refresh();
    }
  });
  refresh();
})();
