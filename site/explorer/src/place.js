// One city or county: its policies, its recorded crime, and what every study does with it.
import * as Plot from "@observablehq/plot";
import { cityRows, marksOf, OFFENSES, rate, REASONS, segmentOf, startsOf, unpack } from "./decode.js";
import { h, number, plural, select, signed, STATES, table } from "./dom.js";
import { figure, readout } from "./figure.js";
import { go } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";
import { CONTENT, COUNTY_MARKS, EFFECTS, flags, host, OFFENSE_GROUPS, SERIES } from "./words.js";

const STUDIES_WITH_PATHS = ["cities_status", "cities_detainers"];

export async function cityView(ori, options) {
  const [index, policies] = await Promise.all([load("index"), load("policies")]);
  const state = Object.keys(index.cities).find((name) => index.cities[name].some((city) => city[0] === ori));
  if (!state) return missing("city", ori);
  const shard = await load(`city-${state}`);
  const place = shard.places.find((one) => one.ori === ori);
  const rows = cityRows(place, shard);
  const own = policiesOf(policies, { kind: "city", ori, geoid: place.place, county: place.county, state });
  const offense = OFFENSES[options.offense] ? options.offense : "violent_without_rape";
  const unit = options.unit === "count" ? "count" : "rate";
  const title = `${place.name}, ${STATES[state]}: ${OFFENSES[offense].toLowerCase()}`;
  const compared = await comparison(place, offense, options.with, index, shard);
  const chart = cityChart({ rows, place, shard, offense, unit, own, compared, title });
  const sums = rows.filter((row) => row.printed).map((row) => ({ ...withoutMark(row), [`${offense}_per_100k`]: rate(row[offense], row.population) }));
  const set = (changes) => go(`city/${ori}`, { offense, unit, with: options.with, ...changes });
  return [
    heading(place.name, STATES[state], [
      `Police agency ${ori}`,
      place.county ? h("a", { href: `#/county/${place.county}` }, "its county") : null,
      `residents in the last year printed: ${number(lastOf(rows, "population"))}`,
    ]),
    policyTable(own, index),
    h("section", { "aria-labelledby": "crime" },
      h("h3", { id: "crime" }, "Recorded crime by year"),
      h("div", { class: "fields" },
        select("Offense", offered(rows), offense, (value) => set({ offense: value })),
        select("Unit", { rate: "per 100,000 residents", count: "recorded crimes" }, unit, (value) => set({ unit: value })),
        compared.choices ? select("Beside", compared.choices, compared.chosen, (value) => set({ with: value })) : null),
      chart,
      compared.note ? h("p", { class: "note" }, compared.note) : null,
      marksTable(rows, place, shard, index, offense),
      figuresTable(rows.filter((row) => row.printed), offense)),
    rolesList(place, shard, index),
    shareBar({
      title, file: `${place.name.replace(/\W+/g, "-").toLowerCase()}-${ori}-${offense}`, rows: sums, figures: [chart],
      stable: stableOf("city", ori, own.place, state),
    }),
  ];
}

export async function countyView(fips, options) {
  const [index, policies] = await Promise.all([load("index"), load("policies")]);
  const state = Object.keys(index.counties).find((name) => index.counties[name].some((county) => county[0] === fips));
  if (!state) return missing("county", fips);
  const shard = await load(`county-${state}`);
  const found = shard.places.find((one) => one.fips === fips);
  const pooled = found.pooled ? Object.fromEntries(unpack(found.pooled).map((value, at) => [shard.pooled[at].replace("_2013_2014", ""), value])) : null;
  const place = { ...found, pooled, series: found.series ?? shard.series };
  const rows = countyRows(place, shard);
  const own = policiesOf(policies, { kind: "county", geoid: fips, county: fips, state });
  const names = Object.fromEntries(Object.entries(OFFENSES).filter(([name]) => rows.some((row) => row[name] !== null && row[name] !== undefined)));
  const offense = names[options.offense] ? options.offense : "violent_without_rape";
  const title = `${place.name}, ${STATES[state]}: ${(OFFENSES[offense] ?? offense).toLowerCase()}`;
  const compared = countyComparison(await load("compared"), fips, offense);
  const chart = countyChart({ rows, place, offense, own, title, compared });
  const detainers = await detainersOf(fips, index);
  return [
    heading(place.name, STATES[state], [`County code ${fips}`, "counts imputed by the file where agencies did not report"]),
    policyTable(own, index),
    h("section", { "aria-labelledby": "crime" },
      h("h3", { id: "crime" }, "Recorded crime by year"),
      Object.keys(names).length ? h("div", { class: "fields" }, select("Offense", names, offense, (value) => go(`county/${fips}`, { offense: value }))) : null,
      chart,
      h("p", { class: "note" }, compared.note),
      h("p", { class: "note" }, "Sources by year: ", place.series.map(([first, last, name], at) => `${at ? "; " : ""}${first === last ? first : `${first}–${last}`}: ${SERIES[name] ?? "no county figures"}`).join(""), "."),
      place.pooled ? h("p", { class: "note" }, `2013 and 2014 are known only together: ${number(place.pooled[`${offense}_imputed`])} recorded in ${number(place.pooled.person_years)} resident-years. They stand in the chart as one flat stretch.`) : null,
      countyMarks(place),
      figuresTable(rows.filter((row) => row[offense] !== null), offense, "people covered by the counts")),
    detainers,
    rolesList(place, shard, index),
    shareBar({ title, file: `${place.name.replace(/\W+/g, "-").toLowerCase()}-${fips}-${offense}`, rows: rows.map(withoutMark), figures: [chart], stable: stableOf("county", fips, own.place, state) }),
  ];
}

function missing(kind, code) {
  window.SC.view = null;
  return [h("h2", {}, "No such place"), h("p", {}, `There is no ${kind} with the code ${code}. `, h("a", { href: "#/" }, "Look one up"), ".")];
}

const withoutMark = ({ printed, ...row }) => row;
const lastOf = (rows, name) => rows.map((row) => row[name]).filter((value) => value !== null).at(-1) ?? null;
const offered = (rows) => Object.fromEntries(Object.entries(OFFENSES).filter(([name]) => rows.some((row) => row[name] !== null)));

function heading(name, state, facts) {
  return h("header", {}, h("h2", { tabindex: "-1" }, `${name}, ${state}`), h("p", { class: "facts" }, facts.filter(Boolean).flatMap((fact, at) => [at ? " · " : "", fact])));
}

function stableOf(kind, code, named, state) {
  const files = named ? ["csv", "json"].map((type) => ({ href: `../data/${kind}/${code}.${type}`, text: `this ${kind} as ${type.toUpperCase()}` })) : [];
  return [...files, { href: `../data/state/${state}.zip`, text: `every place in ${STATES[state]} (ZIP of CSV)` }];
}

// Policies of the place itself, of its county and of its state.
function policiesOf(policies, { kind, ori, geoid, county, state }) {
  const every = Object.entries(policies.places);
  const found = (test) => every.filter(([, place]) => test(place)).map(([id, place]) => ({ id, ...place }));
  const place = found((one) => one.kind === kind && ((ori && one.ori === ori) || one.geoid === geoid))[0];
  const above = kind === "city" && county ? found((one) => one.kind === "county" && one.geoid === county) : [];
  const law = found((one) => one.kind === "state" && one.state === state);
  return { place, above, law, ban: policies.bans[state], all: [place, ...above, ...law].filter(Boolean) };
}

function policyTable(own) {
  const rows = own.all.flatMap((place) => (place.rows ?? []).map((row) => ({ place, row })));
  rows.sort((a, b) => String(a.row.adopted ?? "").localeCompare(String(b.row.adopted ?? "")));
  const heads = ["From", "Who", "What it does", "Instrument", "Confidence", "Source", "In the studies"];
  const lines = rows.map(({ place, row }) => [
    dated(row),
    place.kind === "state" ? "state" : `${place.place} (${place.kind})`,
    CONTENT[row.content] ?? row.content,
    h("span", {}, row.instrument ?? row.basis, row.instrument && row.basis ? ` (${row.basis})` : ""),
    [row.confidence, flags(row)].filter(Boolean).join("; "),
    h("span", {}, link(row), row.source_type ? ` (${row.source_type})` : ""),
    row.disposition,
  ]);
  const listed = own.all.flatMap((place) => place.lists ?? []);
  return h(
    "section",
    { "aria-labelledby": "policies" },
    h("h3", { id: "policies" }, "Policies that may bind it"),
    rows.length
      ? table("Dated statements about policies of this place, its county and its state", heads, lines, { class: "wide" })
      : h("p", {}, "No source used here names this place, its county or its state as having such a policy. That is no proof that it has none."),
    listed.length ? h("p", { class: "note" }, `Named without a date by: ${listed.map((one) => one.list).join("; ")}.`) : null,
    own.ban ? h("p", { class: "note" }, `A state law forbids such local policies${own.ban.effective ? ` from ${own.ban.effective}` : ""}${own.ban.law ? ` (${own.ban.law})` : ""}.`) : null,
  );
}

const dated = (row) => [row.adopted ?? "unknown", row.ended ? `to ${row.ended}` : ""].filter(Boolean).join(" ");

function link(row) {
  if (!row.source_url) return "–";
  if (!/^https?:/.test(row.source_url)) return row.source_url;
  return h("a", { href: row.source_url, rel: "external" }, row.source_title ?? host(row.source_url));
}

// A comparison as a study defines it: the matched city, or the crimes expected of the city.
async function comparison(place, offense, wanted, index, shard) {
  const roles = rolesOf(place, shard);
  const choices = { none: "nothing" };
  const pair = roles.find((role) => role.study === "uar2017" && role.partner);
  if (pair) choices.uar2017 = pair.role === "treated" ? "its matched city" : "the city it is matched with";
  const expected = await load("expected");
  for (const study of STUDIES_WITH_PATHS) {
    if (expected[study]?.[place.ori]?.[offense]) choices[study] = `expected: ${index.studies[study].split(": ")[1]}`;
  }
  const names = Object.keys(choices);
  if (names.length === 1) {
    return { chosen: "none", note: "No study here draws a comparison for this city year by year. Its part in each study is listed below." };
  }
  const chosen = choices[wanted] ? wanted : names[1];
  if (chosen === "none") return { choices, chosen };
  if (chosen === "uar2017") return matched(pair, choices, chosen, index);
  const path = expected[chosen][place.ori][offense];
  return {
    choices, chosen,
    expected: path.years.map((year, at) => ({ year, count: path.expected[at] })),
    note: `Dashed: the crimes expected of the city in the study “${index.studies[chosen]}”: its own rate before adoption, moved as the rate of cities that never adopted moved. Years that cannot be compared with those before adoption have none.`,
  };
}

async function matched(pair, choices, chosen, index) {
  const state = Object.keys(index.cities).find((name) => index.cities[name].some((city) => city[0] === pair.partner));
  const shard = await load(`city-${state}`);
  const other = shard.places.find((one) => one.ori === pair.partner);
  const name = `${other.name}, ${state}`;
  return {
    choices, chosen, other, otherShard: shard, otherRows: cityRows(other, shard), name,
    note: `Dashed: ${name}, the city it is matched with in the study “${index.studies.uar2017}”.`,
  };
}

function cityChart({ rows, place, shard, offense, unit, own, compared, title }) {
  const value = (row, name = offense) => (unit === "count" ? row[name] : rate(row[name], row.population));
  const starts = startsOf(place, shard, offense);
  const reasons = marksOf(place.reasons, offense) ?? "";
  const at = (year) => reasons[year - rows[0].year] ?? ".";
  const points = inRuns(rows, value, (row) => segmentOf(starts, row.year)).map((point) => ({ ...point, doubted: "we".includes(at(point.year)) }));
  const population = new Map(rows.map((row) => [row.year, row.population]));
  const beside = compared.expected
    ? compared.expected.map(({ year, count }) => ({ year, value: unit === "count" ? count : rate(count, population.get(year)), segment: 0 }))
    : inRuns(compared.otherRows ?? [], value, (row) => segmentOf(startsOf(compared.other, compared.otherShard, offense), row.year));
  const gaps = rows.filter((row) => value(row) === null).map((row) => row.year);
  const rules = own.all.flatMap((one) => (one.rows ?? []).filter((row) => /^dates a policy/.test(row.disposition ?? "") && row.content !== "symbolic").map((row) => ({ year: yearOf(row.adopted), kind: one.kind })));
  const label = `${title}. ${points.length ? `From ${number(points[0].value)} in ${points[0].year} to ${number(points.at(-1).value)} in ${points.at(-1).year}` : "No figures"}${gaps.length ? `; ${plural(gaps.length, "year", "years")} without a figure` : ""}${starts ? `; new series from ${starts.join(", ")}` : ""}.`;
  const unitName = unit === "count" ? "recorded crimes" : "per 100,000 residents";
  const element = figure(
    h("span", {}, `${OFFENSES[offense]}, ${unitName}. Line: recorded; broken where a new series begins. Hollow: doubted by the FBI. Shaded: no figure. Upright lines: policies of the city (solid), county (dashed) or state (dotted).`),
    label,
    (width) => {
      const plot = Plot.plot({
        width, height: 320, marginLeft: 52, marginBottom: 34,
        x: { domain: [rows[0].year - 0.5, rows.at(-1).year + 0.5], tickFormat: "d", label: null, ticks: Math.min(12, width / 60) },
        y: { zero: true, grid: true, label: unitName, nice: true },
        marks: [
          Plot.rectX(gaps, { x1: (year) => year - 0.5, x2: (year) => year + 0.5, fill: "var(--shade)" }),
          Plot.ruleY([0], { stroke: "var(--rule)" }),
          Plot.ruleX(rules.filter((one) => one.kind === "city"), { x: "year", stroke: "var(--rust)", strokeWidth: 1.5 }),
          Plot.ruleX(rules.filter((one) => one.kind === "county"), { x: "year", stroke: "var(--rust)", strokeWidth: 1.5, strokeDasharray: "6,4" }),
          Plot.ruleX(rules.filter((one) => one.kind === "state"), { x: "year", stroke: "var(--rust)", strokeWidth: 1.5, strokeDasharray: "1.5,3" }),
          Plot.line(beside, { x: "year", y: "value", z: "segment", stroke: "var(--soft)", strokeDasharray: "5,4", strokeWidth: 1.8 }),
          Plot.line(points, { x: "year", y: "value", z: "segment", stroke: "var(--accent)", strokeWidth: 2 }),
          Plot.dot(points, { x: "year", y: "value", r: 3, stroke: "var(--accent)", strokeWidth: 1.5, fill: (point) => (point.doubted ? "var(--paper)" : "var(--accent)") }),
        ],
      });
      element.scale = plot.scale("x");
      return plot;
    },
  );
  return readout(element, () => element.scale, (where) => {
    if (where === null) return "Move over the chart to read a year; the table below has them all.";
    const year = Math.round(where);
    const row = rows.find((one) => one.year === year);
    if (!row) return "";
    if (row[offense] === null) return `${year}: no figure. ${REASONS[at(year)] ?? REASONS[row.printed ? "m" : "n"]}`;
    const other = beside.find((point) => point.year === year);
    return `${year}: ${number(row[offense])} recorded, ${number(rate(row[offense], row.population), 1)} per 100,000${other ? `; beside it ${number(other.value, 1)}` : ""}${"wre".includes(at(year)) ? `. ${REASONS[at(year)]}` : ""}`;
  });
}

// Points whose segment changes with every new series and after every missing year, so that no line bridges either.
function inRuns(rows, value, segmentAt) {
  let gaps = 0;
  let last = null;
  return rows.filter((row) => value(row) !== null).map((row) => {
    if (last !== null && row.year > last + 1) gaps += 1;
    last = row.year;
    return { year: row.year, value: value(row), segment: `${segmentAt(row)}/${gaps}` };
  });
}

const yearOf = (date) => {
  const [year, month, day] = String(date).split("-").map(Number);
  return year - 0.5 + ((month || 7) - 1) / 12 + ((day || 1) - 1) / 365;
};

// Unprinted and doubted years, and the FBI's statements about the agency, its state and the nation.
function marksTable(rows, place, shard, index, offense) {
  const reasons = marksOf(place.reasons, offense) ?? "";
  const lines = rows
    .map((row, at) => [row.year, row[offense] === null && !"wre".includes(reasons[at] ?? ".") ? (row.printed ? "m" : "n") : reasons[at] ?? "."])
    .filter(([, reason]) => REASONS[reason])
    .map(([year, reason]) => [String(year), "figure", REASONS[reason], ""]);
  const about = ({ texts, rows: statements }, test) =>
    statements.filter(test).map(([, first, last, what, effect, text, printed]) => [
      first === last ? String(first) : `${first}–${last}`, `${EFFECTS[effect] ?? effect} (${OFFENSE_GROUPS[what] ?? (OFFENSES[what] ?? what).toLowerCase()})`, texts[text], texts[printed] ?? "",
    ]);
  const said = [...about(shard.breaks, ([ori]) => ori === place.ori || ori === ""), ...about(index.nation, () => true)];
  const all = [...lines, ...said].sort((a, b) => a[0].localeCompare(b[0]));
  if (!all.length) return h("p", { class: "note" }, "Every year from 1999 to 2024 is printed, and the FBI reports no break between them.");
  return h("details", {},
    h("summary", {}, `Breaks and missing years: ${plural(all.length, "statement", "statements")}, in the words of the FBI`),
    table("Why these years may not be comparable", ["Year", "What", "Why", "Printed in"], all));
}

function figuresTable(rows, offense, people = "residents") {
  const heads = ["Year", { text: people, num: true }, { text: "recorded", num: true }, { text: "per 100,000", num: true }];
  const lines = rows.map((row) => [String(row.year), number(row.population), number(row[offense]), number(rate(row[offense], row.population), 1)]);
  return h("details", {}, h("summary", {}, "Figures by year"), table(OFFENSES[offense], heads, lines));
}

function rolesOf(place, shard) {
  return (place.roles ?? []).map((at) => {
    const [study, role, reason] = shard.roles[at];
    return { study, role, reason, partner: place.partner?.[study], found: place.found?.[study] };
  });
}

function rolesList(place, shard, index) {
  const percent = (value) => signed(100 * Math.expm1(value), 0);
  const items = rolesOf(place, shard).map(({ study, role, reason, partner, found }) => {
    const [observed, expected, ratio, low, high] = found ?? [];
    const interval = low === null || low === undefined ? "" : `, 95% interval ${percent(low)}% to ${percent(high)}%`;
    const said = found
      ? ` From adoption on: ${number(observed)} violent crimes without rape recorded, ${number(expected)} expected${ratio === null ? "" : ` (${percent(ratio)}%${interval})`}. One city’s difference says little about the policy.`
      : null;
    return h("li", {}, h("strong", {}, index.studies[study]), ` — ${role}. ${reason} `, partner ? h("a", { href: `#/city/${partner}` }, "The other city") : null, said);
  });
  return h("section", { "aria-labelledby": "roles" }, h("h3", { id: "roles" }, "What each study does with this place"),
    items.length ? h("ul", {}, items) : h("p", {}, "No study uses it: it is too small, not printed in the years of matching, or not a city of the Census Bureau."));
}

function countyRows(place, shard) {
  const texts = place.data.split(";");
  const columns = Object.fromEntries(shard.names.map((name, at) => [name, unpack(texts[at])]));
  const length = 18;
  return Array.from({ length }, (_, at) => {
    const year = shard.first + at;
    const row = { year, population: columns.population_covered[at] ?? null };
    for (const name of Object.keys(OFFENSES)) {
      const values = columns[`${name}_imputed`];
      if (values?.length) row[name] = values[at] ?? null;
    }
    for (const [name, by] of Object.entries(place.values ?? {})) row[name] = by[year] ?? null;
    if (row.population !== null) row.coverage = place.coverage?.[year] ?? 100;
    return row;
  });
}

// The comparison of the study of counties that passes its tests: counties of the same state and urban-rural class.
function countyComparison(data, fips, offense) {
  const none = (note) => ({ rows: [], flat: [], note });
  const study = "The study that follows counties over time";
  if (!data.adopters.includes(fips)) return none(`${study} compares adopting counties with counties of the same state and urban-rural class. This county is not among its adopters; its part in each study is listed below.`);
  const path = data.paths[fips];
  if (!path) return none(`${study} has no comparison county in this county's state and urban-rural class with a count in every year.`);
  if (!path[offense]) return none(`${study} is drawn for violent crime without rape and for property crime.`);
  const points = path.year.map((year, at) => ({ year, value: path[offense][at] })).filter((point) => point.value !== null);
  return {
    rows: points.filter(({ year }) => year !== data.period),
    flat: points.filter(({ year }) => year === data.period).map(({ value }) => ({ x1: 2012.5, x2: 2014.5, y: value })),
    note: `Dashed: the rate expected of the county in the study that follows counties over time: its own rate before 2013, moved as the rate of ${plural(path.counties, "comparison county", "comparison counties")} of the same state and urban-rural class moved. No policy, law or list names these by the end of 2014.`,
  };
}

function countyChart({ rows, place, offense, own, title, compared }) {
  const points = inRuns(rows, (row) => rate(row[offense] ?? null, row.population), () => 0).map((row) => ({ ...row, doubted: (place.marks?.is_illinois_before_2008 ?? []).includes(row.year) || (place.marks?.is_low_coverage ?? []).includes(row.year) }));
  const pooled = place.pooled?.[`${offense}_imputed`] !== undefined ? rate(place.pooled[`${offense}_imputed`], place.pooled.person_years) : null;
  const rules = own.all.flatMap((one) => (one.rows ?? []).filter((row) => /^dates a policy/.test(row.disposition ?? "") && row.content !== "symbolic").map((row) => ({ year: yearOf(row.adopted), kind: one.kind })));
  const flat = pooled === null ? [] : [{ x1: 2012.5, x2: 2014.5, y: pooled }];
  const last = 2025;
  const element = figure(
    h("span", {}, `${OFFENSES[offense]} per 100,000 people covered. Line: yearly counts of 2000 to 2012; flat stretch: 2013 and 2014 together. Hollow: little covered. Upright lines: policies of the county (dashed) or state (dotted).`),
    `${title}. ${points.length ? `From ${number(points[0].value)} per 100,000 in ${points[0].year} to ${number(points.at(-1).value)} in ${points.at(-1).year}.` : "No yearly figures."}`,
    (width) => Plot.plot({
      width, height: 300, marginLeft: 52,
      x: { domain: [1999.5, last], tickFormat: "d", label: null, ticks: Math.min(12, width / 60) },
      y: { zero: true, grid: true, label: "per 100,000 people covered", nice: true },
      marks: [
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        Plot.ruleX(rules.filter((one) => one.kind === "county"), { x: "year", stroke: "var(--rust)", strokeWidth: 1.5, strokeDasharray: "6,4" }),
        Plot.ruleX(rules.filter((one) => one.kind === "state"), { x: "year", stroke: "var(--rust)", strokeWidth: 1.5, strokeDasharray: "1.5,3" }),
        Plot.line(compared.rows, { x: "year", y: "value", stroke: "var(--soft)", strokeDasharray: "5,4", strokeWidth: 1.8 }),
        Plot.ruleY(compared.flat, { x1: "x1", x2: "x2", y: "y", stroke: "var(--soft)", strokeDasharray: "5,4", strokeWidth: 1.8 }),
        Plot.ruleY(flat, { x1: "x1", x2: "x2", y: "y", stroke: "var(--accent)", strokeWidth: 2.5 }),
        Plot.line(points, { x: "year", y: "value", z: "segment", stroke: "var(--accent)", strokeWidth: 2 }),
        Plot.dot(points, { x: "year", y: "value", r: 3, stroke: "var(--accent)", fill: (point) => (point.doubted ? "var(--paper)" : "var(--accent)") }),
      ],
    }),
  );
  return element;
}

function countyMarks(place) {
  const lines = Object.entries(place.marks ?? {}).map(([name, years]) => [years.length > 4 ? `${plural(years.length, "year", "years")} from ${years[0]} to ${years.at(-1)}` : years.join(", "), COUNTY_MARKS[name] ?? name]);
  return lines.length ? h("details", {}, h("summary", {}, "Why these years may not be comparable"), table("Marks of the county panel", ["Years", "Why"], lines)) : null;
}

async function detainersOf(fips, index) {
  if (!index.detainers) return null;
  const { countyDetainers } = await import("./detainers.js");
  return countyDetainers(fips);
}
