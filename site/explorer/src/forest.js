// Published and own estimates with their intervals.
import * as Plot from "@observablehq/plot";
import { h, number, select, signed, table } from "./dom.js";
import { figure } from "./figure.js";
import { go } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";

const SETS = { designs: "this project's designs", literature: "published estimates and this project's, violent and property crime" };
const UNITS = { percent: "percent of the mean", rate: "crimes per 100,000 residents" };
const OUTCOMES = { violent_without_rape: "violent without rape", property: "property", crime: "all index crime", violent: "violent" };

export async function forestView(options) {
  const data = await load("forest");
  const set = SETS[options.set] ? options.set : "designs";
  const unit = UNITS[options.unit] ? options.unit : "percent";
  const rows = set === "designs" ? designs(data.designs, unit) : literature(data);
  const axis = set === "designs" ? UNITS[unit] : "percent";
  const title = set === "designs" ? "Every design's estimate with its interval" : "Published and own estimates on one scale";
  const picture = figure(
    h("span", {}, `Estimates with 95% intervals, ${axis}. An interval that includes zero does not show that nothing changed.`),
    `Forest plot of ${rows.length} estimates, from ${signed(Math.min(...rows.map((row) => row.estimate)))} to ${signed(Math.max(...rows.map((row) => row.estimate)))}; ${rows.filter((row) => row.low <= 0 && row.high >= 0).length} intervals include zero.`,
    (width) => draw(rows, axis, width),
  );
  const heads = ["Estimate", { text: "value", num: true }, { text: "from", num: true }, { text: "to", num: true }];
  const digits = unit === "rate" && set === "designs" ? 0 : 1;
  return [
    h("h2", { tabindex: "-1" }, "Estimates side by side"),
    h("div", { class: "fields" },
      select("Show", SETS, set, (value) => go("forest", { set: value, unit })),
      set === "designs" ? select("Unit", UNITS, unit, (value) => go("forest", { set, unit: value })) : null),
    picture,
    table(title, heads, rows.map((row) => [row.name, signed(row.estimate, digits), signed(row.low, digits), signed(row.high, digits)]), { class: "free" }),
    shareBar({ title, file: `estimates-${set}`, rows: rows.map(({ name, group, estimate, low, high }) => ({ group, name, estimate, conf_low: low, conf_high: high, unit: axis })), figures: [picture], stable: [{ href: "../data/estimates.csv", text: "every design as CSV" }, { href: "../data/estimates.json", text: "as JSON" }] }),
  ];
}

function designs(list, unit) {
  return list.map((row) => ({
    group: row.group, name: `${row.name}: ${OUTCOMES[row.outcome] ?? row.outcome} (${number(row.used)})`,
    estimate: unit === "percent" ? row.percent : row.estimate,
    low: unit === "percent" ? row.percent_low : row.conf_low,
    high: unit === "percent" ? row.percent_high : row.conf_high,
    kind: row.outcome === "violent_without_rape" ? "violent" : "property",
  }));
}

function literature(data) {
  const percent = (value) => 100 * Math.expm1(value);
  const row = (group, name, one) => ({ group, name, estimate: percent(one.estimate), low: percent(one.conf_low), high: percent(one.conf_high), kind: /property/.test(one.outcome) ? "property" : "violent" });
  const published = data.published.map((one) => row("Published", `${one.study}: ${one.name}`, one));
  const own = data.own.map((one) => row("This project", `${one.name}${one.treatment ? `, ${one.treatment}` : ""}: ${OUTCOMES[one.outcome] ?? one.outcome}`, one));
  return [...published, ...own];
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// A name that is wider than the picture goes on in a second line, after its colon where it has one.
function lines(text, most) {
  if (text.length <= most) return text;
  const at = text.includes(": ") ? text.indexOf(": ") + 1 : text.lastIndexOf(" ", most);
  return `${text.slice(0, at)}\n${text.slice(at + 1)}`.split("\n").map((line) => cut(line, most)).join("\n");
}

function draw(rows, axis, width) {
  const narrow = width < 720;
  const names = rows.map((row, at) => `${at}\u200b${row.name}`);
  const shown = rows.map((row, at) => ({ ...row, key: names[at] }));
  const step = narrow ? 38 : 22;
  return Plot.plot({
    width, height: 50 + rows.length * step, marginLeft: narrow ? 12 : 400, marginRight: 14,
    x: { label: axis, grid: true, nice: true }, y: { domain: names, label: null, axis: narrow ? null : "left", tickSize: 0, tickFormat: (name) => cut(name.split("\u200b")[1], 74) },
    style: { fontSize: "11px" },
    marks: [
      Plot.ruleX([0], { stroke: "var(--soft)" }),
      narrow ? Plot.text(shown, { y: "key", frameAnchor: "left", dx: -12, dy: -8, lineAnchor: "bottom", text: (row) => lines(row.name, Math.floor(width / 5.9)), textAnchor: "start", fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 4 }) : null,
      Plot.ruleY(shown, { y: "key", x1: "low", x2: "high", stroke: (row) => (row.kind === "property" ? "var(--rust)" : "var(--accent)"), strokeWidth: 2 }),
      Plot.dot(shown, { y: "key", x: "estimate", r: 4, fill: (row) => (row.kind === "property" ? "var(--rust)" : "var(--accent)") }),
    ],
  });
}
