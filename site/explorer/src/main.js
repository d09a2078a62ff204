// The explorer: one page, its views by the address behind the #.
import "./store.js";
import { curveView } from "./curve.js";
import { detainersView } from "./detainers.js";
import { h } from "./dom.js";
import { forestView } from "./forest.js";
import { homeView } from "./home.js";
import { lookup } from "./lookup.js";
import { mapView } from "./map.js";
import { cityView, countyView } from "./place.js";
import { powerView } from "./power.js";
import { parse } from "./route.js";
import { load } from "./store.js";

const VIEWS = {
  city: ([code], options) => cityView(code, options),
  county: ([code], options) => countyView(code, options),
  map: (_, options) => mapView(options),
  detainers: (_, options) => detainersView(options),
  specifications: (_, options) => curveView(options),
  forest: (_, options) => forestView(options),
  power: (_, options) => powerView(options),
};

let shown = 0;

async function show() {
  const { parts: [name, ...rest], options } = parse();
  const mine = (shown += 1);
  document.body.classList.toggle("embedded", options.embed === "1");
  const main = document.getElementById("view");
  main.setAttribute("aria-busy", "true");
  try {
    const made = await (VIEWS[name] ? VIEWS[name](rest, options) : homeView());
    if (mine !== shown) return;
    main.replaceChildren(...made.flat().filter(Boolean));
    const heading = main.querySelector("h2");
    document.title = `${heading.textContent} · Sanctuary policies and crime`;
    for (const link of document.querySelectorAll("nav.views a")) {
      const here = link.getAttribute("href").replace("#/", "") === (["city", "county"].includes(name) ? "" : name ?? "");
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (mine > 1 && document.activeElement?.id !== "lookup") heading.focus({ preventScroll: false });
  } catch (error) {
    if (mine !== shown) return;
    main.replaceChildren(h("h2", { tabindex: "-1" }, "This view could not be drawn"), h("p", {}, error.message, " The folder data must lie beside this page."));
    console.error(error);
  } finally {
    if (mine === shown) main.removeAttribute("aria-busy");
  }
}

async function start() {
  document.getElementById("search").append(await lookup());
  const index = await load("index");
  document.querySelector('nav.views a[href="#/detainers"]').parentElement.hidden = !index.detainers;
  window.addEventListener("hashchange", show);
  await show();
  document.documentElement.classList.add("ready");
}

start().catch((error) => {
  document.getElementById("view").append(h("p", {}, `The explorer could not start: ${error.message}`));
  console.error(error);
});
