// Detainers that jails declined, by county and fiscal year.
import * as Plot from "@observablehq/plot";
import { feature, mesh } from "topojson-client";
import { h, number, select, table } from "./dom.js";
import { figure } from "./figure.js";
import { note } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";

const DECLINED = "declined";
const ISSUED = "issued";

function names(index, fips) {
  for (const [state, list] of Object.entries(index.counties)) {
    const found = list.find((county) => county[0] === fips);
    if (found) return `${found[1]}, ${state}`;
  }
  return `County ${fips}`;
}

export async function countyDetainers(fips) {
  const data = await load("detainers");
  const rows = data.counties[fips];
  if (!rows) return h("section", {}, h("h3", {}, "Detainers"), h("p", {}, "The file of detainers names no jail of this county."));
  const heads = ["Year", { text: "detainers", num: true }, { text: "declined", num: true }];
  return h("section", {}, h("h3", {}, "Detainers"), table("Detainers sent to jails of this county, and declined", heads, rows.map((row) => [String(row.year), number(row[ISSUED]), number(row[DECLINED])])));
}

export async function detainersView(options) {
  const [data, index, shapes] = await Promise.all([load("detainers"), load("index"), load("shapes")]);
  const all = Object.entries(data.counties).flatMap(([fips, rows]) => rows.map((row) => ({ fips, county: names(index, fips), ...row })));
  const years = [...new Set(all.map((row) => row.year))].sort();
  const year = years.includes(Number(options.year)) ? Number(options.year) : years.at(-2) ?? years.at(-1);
  const rows = all.filter((row) => row.year === year).sort((a, b) => (b[DECLINED] ?? 0) - (a[DECLINED] ?? 0));
  const by = new Map(rows.map((row) => [row.fips, row]));
  const counties = feature(shapes, shapes.objects.counties);
  const borders = mesh(shapes, shapes.objects.states, (a, b) => a !== b);
  const title = `Detainers declined, ${year}`;
  const picture = figure(
    h("span", {}, "Color: detainers declined in the year, by county of the jail, on a logarithmic scale. Pale land: none declined or no jail in the file."),
    `Map of counties by detainers declined in ${year}: ${number(rows.reduce((sum, row) => sum + (row[DECLINED] ?? 0), 0))} in ${number(rows.filter((row) => row[DECLINED] > 0).length)} counties.`,
    (width) => Plot.plot({
      width, height: Math.round(width * 0.62), projection: "albers-usa",
      color: { type: "log", scheme: "YlOrBr", legend: false },
      marks: [
        Plot.geo(counties.features, { fill: "var(--land)" }),
        Plot.geo(counties.features.filter((one) => by.get(one.id)?.[DECLINED] > 0), { fill: (one) => by.get(one.id)[DECLINED] }),
        Plot.geo(borders, { stroke: "var(--soft)", strokeWidth: 0.6 }),
      ],
    }),
  );
  const heads = ["County", { text: "detainers", num: true }, { text: "declined", num: true }];
  return [
    h("h2", { tabindex: "-1" }, "Detainers declined"),
    h("p", {}, "A detainer asks a jail to hold a person for the immigration authorities. The file, released under the Freedom of Information Act, records which were lifted because the jail declined. What a policy says and what a jail does are two things; this is the second."),
    h("div", { class: "fields" }, select("Year", Object.fromEntries(years.map((one) => [String(one), String(one)])), String(year), (value) => { note("detainers", { year: value }); window.dispatchEvent(new HashChangeEvent("hashchange")); })),
    picture,
    table(`Counties with the most detainers declined in ${year}`, heads, rows.slice(0, 40).map((row) => [h("a", { href: `#/county/${row.fips}` }, row.county), number(row[ISSUED]), number(row[DECLINED])])),
    shareBar({ title, file: `detainers-${year}`, rows, figures: [picture], stable: [{ href: "../data/detainers.csv", text: "every county and year as CSV" }, { href: "../data/detainers.json", text: "as JSON" }] }),
  ];
}
