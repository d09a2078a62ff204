// Every specification, and what is left of them when a choice is taken out.
import * as Plot from "@observablehq/plot";
import { h, number, signed } from "./dom.js";
import { figure } from "./figure.js";
import { note } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";

const BINS = 160;
const LIMIT = 60;
const letter = (at) => String.fromCharCode(97 + at);
const quantile = (sorted, share) => {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
};

function headlineChoice(data) {
  return data.forks.map((fork) => new Set(fork.headline === null ? [0] : [fork.headline]));
}

function all(data, outcome = "Violent without rape") {
  return data.forks.map((fork) => new Set(fork.levels.map((_, at) => at).filter((at) => fork.name !== "outcome" || fork.levels[at] === outcome)));
}

// Levels that are off, as one text per choice: "estimator:bc.weights:a".
function written(data, chosen) {
  return data.forks
    .map((fork, at) => [fork.name, fork.levels.map((_, level) => level).filter((level) => !chosen[at].has(level)).map(letter).join("")])
    .filter(([, off]) => off)
    .map(([name, off]) => `${name}-${off}`)
    .join(".");
}

function read(data, text) {
  if (text === undefined) return all(data);
  const off = new Map(text.split(".").filter(Boolean).map((part) => part.split("-")));
  return data.forks.map((fork) => new Set(fork.levels.map((_, at) => at).filter((at) => !(off.get(fork.name) ?? "").includes(letter(at)))));
}

export function kept(data, chosen) {
  const allowed = chosen.map((levels) => new Set([...levels].map(letter)));
  const found = [];
  data.choices.forEach((text, at) => {
    for (let fork = 0; fork < allowed.length; fork += 1) if (!allowed[fork].has(text[fork])) return;
    found.push(at);
  });
  return found.sort((a, b) => data.percent[a] - data.percent[b]);
}

export function summary(data, rows) {
  const values = rows.map((at) => data.percent[at]);
  const low = rows.filter((at) => data.p_value[at] < data.significant);
  return {
    specifications: rows.length,
    median: values.length ? quantile(values, 0.5) : null,
    p25: values.length ? quantile(values, 0.25) : null,
    p75: values.length ? quantile(values, 0.75) : null,
    negative: values.filter((value) => !(value > 0)).length / values.length,
    significant_up: low.filter((at) => data.percent[at] > 0).length / values.length,
    significant_down: low.filter((at) => !(data.percent[at] > 0)).length / values.length,
  };
}

export async function curveView(options) {
  const data = await load("specifications");
  let chosen = read(data, options.off);
  const status = h("p", { role: "status", class: "answer" });
  const share = h("div", {});
  let rows = kept(data, chosen);
  const picture = figure(
    h("span", {}, "Estimates in order of size, in percent, with the median 95% interval of neighboring estimates. Below: where each remaining choice occurs, darker where it is more frequent."),
    "",
    (width) => draw(data, rows, chosen, width),
  );
  const boxes = h("div", { class: "forks" });
  function update(remember = true) {
    rows = kept(data, chosen);
    const found = summary(data, rows);
    const text = rows.length === 0
      ? "No admitted specification makes these choices together."
      : rows.length === 1
        ? `One specification: ${signed(data.percent[rows[0]])}% (${signed(data.conf_low[rows[0]])}% to ${signed(data.conf_high[rows[0]])}%), ${data.cities[rows[0]]} cities that adopt.`
        : `${number(rows.length)} specifications: median ${signed(found.median)}%, half of them between ${signed(found.p25)}% and ${signed(found.p75)}%. Below zero: ${number(100 * found.negative)}%. Significant by their own standard errors: ${number(100 * found.significant_up)}% above zero, ${number(100 * found.significant_down)}% below.`;
    status.textContent = text;
    picture.redraw(`Specification curve. ${text}`);
    if (remember) note("specifications", { off: written(data, chosen) || "none" });
    share.replaceChildren(shareBar({
      title: "Specification curve: cities that limit status inquiries or detainers",
      file: "specifications", figures: [picture],
      rows: rows.map((at) => rowOf(data, at)),
      stable: [{ href: "../data/specifications.csv", text: "all specifications as CSV" }, { href: "../data/specifications.json", text: "as JSON" }],
    }));
  }
  function ticks() {
    boxes.replaceChildren(...data.forks.map((fork, at) =>
      h("fieldset", {}, h("legend", {}, fork.title),
        fork.levels.map((level, place) => {
          const id = `f-${fork.name}-${place}`;
          return h("p", {}, h("input", { type: "checkbox", id, checked: chosen[at].has(place), onchange: (event) => {
            if (event.target.checked) chosen[at].add(place);
            else chosen[at].delete(place);
            update();
          } }), h("label", { for: id }, level, fork.headline === place ? h("abbr", { title: "what the headline chose" }, " ◆") : null));
        }),
        fork.reason ? h("details", { class: "why" }, h("summary", {}, "why", h("span", { class: "unseen" }, ` the choice “${fork.title}” is open`)), h("p", {}, fork.reason)) : null)));
  }
  const preset = (choice) => () => { chosen = choice; ticks(); update(); };
  ticks();
  queueMicrotask(() => update(false));
  return [
    h("h2", { tabindex: "-1" }, "Thousands of specifications"),
    h("p", {}, "Every tick is a defensible choice; “why” gives the reason for each. Remove ticks and watch how the estimates move. Choosing specifications until the answer pleases is how false findings arise; the headline (◆) was fixed in advance."),
    status,
    h("p", { class: "buttons" },
      h("button", { type: "button", onclick: preset(all(data)) }, "All, violent crime without rape"),
      h("button", { type: "button", onclick: preset(data.forks.map((fork) => new Set(fork.levels.map((_, at) => at)))) }, "All offenses"),
      h("button", { type: "button", onclick: preset(headlineWith(data, "Violent without rape")) }, "The headline alone")),
    picture, boxes, share,
  ];
}

function headlineWith(data, outcome) {
  const chosen = headlineChoice(data);
  data.forks.forEach((fork, at) => {
    if (fork.name === "outcome") chosen[at] = new Set([fork.levels.indexOf(outcome)]);
  });
  return chosen;
}

function rowOf(data, at) {
  const choices = Object.fromEntries(data.forks.map((fork, place) => [fork.name, fork.levels[data.choices[at].charCodeAt(place) - 97]]));
  return { spec: data.spec[at], ...choices, percent: data.percent[at], conf_low: data.conf_low[at], conf_high: data.conf_high[at], p_value: data.p_value[at], cities: data.cities[at], states: data.states[at] };
}

function draw(data, rows, chosen, width) {
  const bins = Math.min(BINS, rows.length);
  const groups = Array.from({ length: bins }, () => []);
  rows.forEach((at, place) => groups[Math.floor((place * bins) / rows.length)].push(at));
  const middle = (values) => quantile([...values].sort((a, b) => a - b), 0.5);
  const curve = groups.map((group, at) => ({ at, percent: middle(group.map((one) => data.percent[one])), low: middle(group.map((one) => data.conf_low[one])), high: middle(group.map((one) => data.conf_high[one])) }));
  const cells = [];
  const order = [];
  data.forks.forEach((fork, place) => {
    const shown = [...chosen[place]].sort();
    if (shown.length < 2 && fork.name !== "treatment") return;
    for (const level of shown) {
      const name = `${fork.title}: ${fork.levels[level]}\u200b${fork.name}`;
      order.push(name);
      const counts = groups.map((group) => group.filter((one) => data.choices[one][place] === letter(level)).length / group.length);
      const most = Math.max(...counts, 1e-9);
      counts.forEach((value, at) => value > 0 && cells.push({ at, name, value: value / most }));
    }
  });
  const narrow = width < 520;
  const left = narrow ? 138 : 250;
  const high = narrow ? 180 : 240;
  const short = (name) => {
    const text = name.split("\u200b")[0];
    const shown = narrow ? text.slice(text.indexOf(": ") + 2) : text;
    const most = narrow ? 25 : 46;
    return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
  };
  const top = Plot.plot({
    width, height: high, marginLeft: left, x: { axis: null, domain: [-0.5, bins - 0.5] },
    y: { label: "percent", grid: true, domain: [-LIMIT, LIMIT], clamp: true },
    marks: [
      Plot.ruleX(curve, { x: "at", y1: "low", y2: "high", stroke: "var(--shade-strong)", strokeWidth: Math.max(1, (width - left) / bins - 0.5) }),
      Plot.ruleY([0], { stroke: "var(--soft)" }),
      bins > 1 ? Plot.line(curve, { x: "at", y: "percent", stroke: "var(--accent)", strokeWidth: 2 }) : Plot.dot(curve, { x: "at", y: "percent", fill: "var(--accent)" }),
    ],
  });
  const below = Plot.plot({
    width, height: 30 + order.length * 13, marginLeft: left, marginTop: 4, marginBottom: 4,
    x: { axis: null, domain: Array.from({ length: bins }, (_, at) => at), padding: 0 },
    y: { domain: order, label: null, tickSize: 0, tickFormat: short }, style: { fontSize: "10px" },
    marks: [Plot.cell(cells, { x: "at", y: "name", fill: "var(--accent)", fillOpacity: "value", inset: 0.4 })],
  });
  below.setAttribute("aria-hidden", "true");
  return h("div", {}, top, below);
}
