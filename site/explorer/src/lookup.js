// Find a city or county by name: a text field, results as links, arrow keys not needed but Tab and Enter enough.
import { h, number, STATES } from "./dom.js";
import { load } from "./store.js";

const plainly = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const MOST = 12;

function entries(index) {
  const of = (kind) =>
    Object.entries(index[kind]).flatMap(([state, list]) =>
      list.map(([code, name, people, named]) => ({
        kind: kind === "cities" ? "city" : "county", code, name, state, people, named: named === 1,
        text: plainly(`${name} ${state} ${STATES[state] ?? state}`),
      })));
  return [...of("cities"), ...of("counties")];
}

export function find(list, words) {
  const parts = plainly(words).split(/[\s,]+/).filter(Boolean);
  if (!parts.length) return [];
  const score = (one) => (one.text.startsWith(parts.join(" ")) ? 2 : 0) + (one.named ? 1 : 0);
  return list
    .filter((one) => parts.every((part) => one.text.includes(part)))
    .sort((a, b) => score(b) - score(a) || b.people - a.people)
    .slice(0, MOST);
}

export async function lookup() {
  const index = await load("index");
  const list = entries(index);
  const results = h("ul", { class: "results", id: "results" });
  const said = h("p", { role: "status", class: "said" });
  const show = (words) => {
    const found = find(list, words);
    results.replaceChildren(...found.map((one) => h("li", {},
      h("a", { href: `#/${one.kind}/${one.code}` }, `${one.name}, ${one.state}`),
      h("span", { class: "facts" }, ` ${one.kind}${one.people ? `, ${number(one.people)} people` : ""}${one.named ? ", with a dated policy" : ""}`))));
    said.textContent = words.trim() ? (found.length ? `${found.length === MOST ? "The first " : ""}${found.length} places` : "No place of that name is in the FBI's tables.") : "";
  };
  const field = h("input", {
    id: "lookup", type: "search", autocomplete: "off", spellcheck: false, placeholder: "San Francisco, Cook County, Austin TX …",
    oninput: (event) => show(event.target.value),
    onkeydown: (event) => {
      if (event.key === "Enter") results.querySelector("a")?.click();
      if (event.key === "ArrowDown") results.querySelector("a")?.focus();
    },
  });
  return h("form", { class: "lookup", role: "search", onsubmit: (event) => event.preventDefault() },
    h("label", { for: "lookup" }, "Look up a city or county"), field, said, results);
}
