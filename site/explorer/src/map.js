// Policies in force by year: state laws fill their state, county rules their county, city rules are points.
import * as Plot from "@observablehq/plot";
import { geoAlbersUsa, geoPath } from "d3-geo";
import { feature, mesh } from "topojson-client";
import { h, plural, select, STATES } from "./dom.js";
import { figure } from "./figure.js";
import { note } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";
import { DEFINITIONS } from "./words.js";

const FIRST = 1985;
const LAST = 2024;

export function inForce(policies, definition, year) {
  return Object.entries(policies.places).flatMap(([id, place]) =>
    (place.dates ?? [])
      .filter((date) => date.definition === definition && date.adopted_year <= year && !(date.ended_year <= year))
      .map((date) => ({
        id, kind: place.kind, place: place.place, state: place.state, geoid: place.geoid, ori: place.ori ?? null, definition,
        adopted: date.adopted, ended: date.ended ?? null, certain: date.in_event_time === true, excluded_because: date.excluded_because ?? null,
      })));
}

export async function mapView(options) {
  const [policies, shapes, index] = await Promise.all([load("policies"), load("shapes"), load("index")]);
  const countyOf = await countiesOfCities(index);
  let definition = DEFINITIONS[options.what] ? options.what : "any_limit";
  let year = Math.min(LAST, Math.max(FIRST, Number(options.year) || 2014));
  const counties = feature(shapes, shapes.objects.counties);
  const states = feature(shapes, shapes.objects.states);
  const borders = mesh(shapes, shapes.objects.states, (a, b) => a !== b);
  const centers = new Map(counties.features.map((one) => [one.id, center(one)]));
  const share = h("div", {});
  const list = h("div", {});
  const output = h("output", { for: "year", class: "year" }, String(year));
  const picture = figure(
    h("span", {}, "Filled states: a statewide law. Filled counties: the county's own rule. Points: city rules, drawn at the center of their county. Pale: the date is uncertain, or the studies exclude the policy."),
    "",
    (width) => draw(width),
  );
  function draw(width) {
    const rows = inForce(policies, definition, year);
    const strength = new Map(rows.map((row) => [row.id, row.certain]));
    const law = (one) => strength.get(lawIds.get(one.id));
    const own = (one) => strength.get(`county-${one.id}`);
    const points = rows.filter((row) => row.kind === "city" && centers.get(countyOf.get(row.ori))).map((row) => ({ ...row, at: centers.get(countyOf.get(row.ori)) }));
    return Plot.plot({
      width, height: Math.round(width * 0.62), projection: "albers-usa",
      marks: [
        Plot.geo(states, { fill: (one) => (law(one) === undefined ? "var(--land)" : "var(--law)"), fillOpacity: (one) => (law(one) === false ? 0.4 : 1) }),
        Plot.geo(counties.features.filter((one) => own(one) !== undefined), { fill: "var(--accent)", fillOpacity: (one) => (own(one) ? 1 : 0.4), stroke: "var(--paper)", strokeWidth: 0.3 }),
        Plot.geo(borders, { stroke: "var(--soft)", strokeWidth: 0.6 }),
        Plot.dot(points, { x: (row) => row.at[0], y: (row) => row.at[1], r: Math.max(2.5, width / 260), fill: "var(--rust)", fillOpacity: (row) => (row.certain ? 1 : 0.4), stroke: "var(--paper)", strokeWidth: 0.6 }),
      ],
    });
  }
  const lawIds = new Map(Object.entries(policies.places).filter(([, place]) => place.kind === "state").map(([id, place]) => [place.state, id]));
  function update(remember = true) {
    output.textContent = String(year);
    const rows = inForce(policies, definition, year);
    const counted = (kind) => rows.filter((row) => row.kind === kind);
    const text = `${DEFINITIONS[definition]}, ${year}: ${plural(counted("state").length, "state law", "state laws")}, ${plural(counted("county").length, "county rule", "county rules")}, ${plural(counted("city").length, "city rule", "city rules")} in force.`;
    picture.redraw(`Map of the United States. ${text}`);
    list.replaceChildren(h("p", { role: "status" }, text), ...["state", "county", "city"].map((kind) => places(kind, counted(kind))));
    if (remember) note("map", { what: definition, year });
    share.replaceChildren(shareBar({ title: `Policies in force in ${year}: ${DEFINITIONS[definition].toLowerCase()}`, file: `policies-${definition}-${year}`, rows, figures: [picture], stable: [{ href: "../data/policies.csv", text: "all dated policies as CSV" }, { href: "../data/policies.json", text: "as JSON" }] }));
  }
  queueMicrotask(() => update(false));
  return [
    h("h2", { tabindex: "-1" }, "Policies on the map"),
    h("div", { class: "fields" },
      select("Policy", DEFINITIONS, definition, (value) => { definition = value; update(); }),
      h("p", { class: "field wide" }, h("label", { for: "year" }, "Year"), h("input", { id: "year", type: "range", min: String(FIRST), max: String(LAST), step: "1", value: String(year), oninput: (event) => { year = Number(event.target.value); update(); } }), output)),
    h("p", { class: "key" }, Object.entries(KEY).map(([color, text]) => h("span", { class: "swatch", style: `--c:var(--${color})` }, text))),
    picture, list, share,
  ];
}

const KEY = { law: "statewide law", accent: "the county's own rule", rust: "city rule" };
const NAMES = { state: "State laws", county: "County rules", city: "City rules" };

function places(kind, rows) {
  const sorted = [...rows].sort((a, b) => a.state.localeCompare(b.state) || a.place.localeCompare(b.place));
  const item = (row) => {
    const text = kind === "state" ? STATES[row.state] ?? row.place : `${row.place}, ${row.state}`;
    const to = kind === "city" && row.ori ? `#/city/${row.ori}` : kind === "county" ? `#/county/${row.geoid}` : null;
    return h("li", {}, to ? h("a", { href: to }, text) : text, ` (${row.adopted}${row.certain ? "" : `; ${row.excluded_because ?? "uncertain"}`})`);
  };
  return h("details", {}, h("summary", {}, `${NAMES[kind]}: ${rows.length}`), h("ul", { class: "columns" }, sorted.map(item)));
}

async function countiesOfCities(index) {
  return new Map(Object.entries(index.county_of ?? {}));
}

function center(shape) {
  const projection = geoAlbersUsa();
  const [x, y] = geoPath(projection).centroid(shape);
  return projection.invert([x, y]) ?? null;
}

