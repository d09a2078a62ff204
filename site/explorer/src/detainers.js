// Detainers that ICE recorded as declined by the local agency, by county and calendar year.
import * as Plot from "@observablehq/plot";
import { feature, mesh } from "topojson-client";
import { h, number, select, table } from "./dom.js";
import { figure } from "./figure.js";
import { go } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";

const LIMITS = "Each number is a lower bound: ICE recorded a decline only where its officers entered one. It stands at the county of the facility the detainer went to. How many detainers there were in all is known for 2015 and, in Pennsylvania, for every year.";

function names(index, fips) {
  for (const [state, list] of Object.entries(index.counties)) {
    const found = list.find((county) => county[0] === fips);
    if (found) return `${found[1]}, ${state}`;
  }
  return `County ${fips}`;
}

const asRow = (data, values) => Object.fromEntries(data.columns.map((name, at) => [name, values[at]]));

export async function countyDetainers(fips) {
  const data = await load("detainers");
  const rows = (data.counties[fips] ?? []).map((values) => asRow(data, values));
  const pooled = data.pooled[fips] ? Object.fromEntries(data.pooled_columns.map((name, at) => [name, data.pooled[fips][at]])) : null;
  if (!rows.length && !pooled) return h("section", {}, h("h3", {}, "Detainers"), h("p", {}, "The files record no detainer at a facility of this county."));
  const heads = ["Year", { text: "declined, local facilities", num: true }, { text: "declined, other facilities", num: true }, { text: "detainers, local facilities", num: true }];
  return h("section", {},
    h("h3", {}, "Detainers"),
    rows.length ? table("Detainers recorded as declined in this county, by calendar year", heads, rows.map((row) => [String(row.year), number(row.declined_local), number(row.declined_elsewhere), number(row.detainers_local)])) : null,
    pooled ? h("p", { class: "note" }, `Fiscal years 2008 to 2015 together, local facilities whose name has one county: ${number(pooled.detainers_pooled_local)} detainers, ${number(pooled.declined_pooled_local)} recorded as declined.`) : null,
    h("p", { class: "note" }, LIMITS));
}

export async function detainersView(options) {
  const [data, index, shapes] = await Promise.all([load("detainers"), load("index"), load("shapes")]);
  const all = Object.entries(data.counties).flatMap(([fips, list]) => list.map((values) => ({ fips, county: names(index, fips), ...asRow(data, values) })));
  const years = [...new Set(all.map((row) => row.year))].sort();
  const year = years.includes(Number(options.year)) ? Number(options.year) : 2014;
  const rows = all.filter((row) => row.year === year && row.declined_local > 0).sort((a, b) => b.declined_local - a.declined_local);
  const by = new Map(rows.map((row) => [row.fips, row]));
  const counties = feature(shapes, shapes.objects.counties);
  const borders = mesh(shapes, shapes.objects.states, (a, b) => a !== b);
  const title = `Detainers recorded as declined by county, ${year}`;
  const most = Math.max(10, ...rows.map((row) => row.declined_local));
  const picture = figure(
    h("span", {}, "Darker: more detainers recorded as declined at the county's own jails, police and courts in the year, on a logarithmic scale."),
    `Map of counties by detainers recorded as declined in ${year}: ${number(rows.reduce((sum, row) => sum + row.declined_local, 0))} in ${number(rows.length)} counties, most of them in ${rows.slice(0, 3).map((row) => row.county).join("; ")}.`,
    (width) => Plot.plot({
      width, height: Math.round(width * 0.62), projection: "albers-usa",
      marks: [
        Plot.geo(counties, { fill: "var(--land)" }),
        Plot.geo(counties.features.filter((one) => by.has(one.id)), { fill: "var(--accent)", fillOpacity: (one) => 0.25 + (0.75 * Math.log1p(by.get(one.id).declined_local)) / Math.log1p(most) }),
        Plot.geo(borders, { stroke: "var(--soft)", strokeWidth: 0.6 }),
      ],
    }),
  );
  const heads = ["County", { text: "declined, local", num: true }, { text: "declined, other", num: true }, { text: "detainers, local", num: true }];
  return [
    h("h2", { tabindex: "-1" }, "Detainers declined"),
    h("p", {}, "A detainer asks a jail to hold a person for the immigration authorities. What a policy says and what a jail does are two things; this is the second. ", LIMITS),
    h("div", { class: "fields" }, select("Year", Object.fromEntries(years.map((one) => [String(one), String(one)])), String(year), (value) => go("detainers", { year: value }))),
    picture,
    table(`Counties with the most detainers recorded as declined in ${year}`, heads, rows.slice(0, 40).map((row) => [h("a", { href: `#/county/${row.fips}` }, row.county), number(row.declined_local), number(row.declined_elsewhere), number(row.detainers_local)])),
    shareBar({ title, file: `detainers-${year}`, rows, figures: [picture], stable: [{ href: "../data/detainers.csv", text: "every county and year as CSV" }, { href: "../data/detainers.json", text: "as JSON" }] }),
  ];
}
