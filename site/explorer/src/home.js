// The start: what can be asked here, and places to begin with.
import { h } from "./dom.js";
import { load } from "./store.js";

export async function homeView() {
  const index = await load("index");
  window.SC.view = { title: "Explorer", rows: [] };
  const named = Object.entries(index.cities)
    .flatMap(([state, list]) => list.filter((city) => city[3] === 1).map((city) => ({ state, code: city[0], name: city[1], people: city[2] })))
    .sort((a, b) => b.people - a.people)
    .slice(0, 16);
  return [
    h("h2", { tabindex: "-1" }, "Ask the data"),
    h("p", {}, "Type a place above to see its policies with their dates and sources, its recorded crime from 1999 to 2024 with every break the FBI names, and what each study does with it."),
    h("p", {}, "A line that falls after a policy does not show that the policy caused it: crime rose and fell in most cities at the same time. What the studies can and cannot say is summarized in ", h("a", { href: "../index.html" }, "one sentence on the front page"), "."),
    h("h3", {}, "Large cities with a dated policy"),
    h("ul", { class: "chips" }, named.map((one) => h("li", {}, h("a", { href: `#/city/${one.code}` }, `${one.name}, ${one.state}`)))),
    h("h3", {}, "All places together"),
    h("ul", {},
      h("li", {}, h("a", { href: "#/map" }, "Policies on the map, year by year")),
      index.detainers ? h("li", {}, h("a", { href: "#/detainers" }, "Detainers declined, county by county")) : null,
      h("li", {}, h("a", { href: "#/specifications" }, "Thousands of specifications: what each choice does to the estimate")),
      h("li", {}, h("a", { href: "#/forest" }, "Published estimates and this project's on one scale")),
      h("li", {}, h("a", { href: "#/power" }, "How large an effect each design could have detected"))),
  ];
}
