// How probable it was that each design finds an effect of a given size.
import * as Plot from "@observablehq/plot";
import { h, number, table } from "./dom.js";
import { figure } from "./figure.js";
import { note } from "./route.js";
import { shareBar } from "./share.js";
import { load } from "./store.js";

const COLORS = ["var(--accent)", "var(--rust)", "var(--teal)", "var(--gold)", "var(--plum)"];
const DASHES = [null, "6,3", "2,3", "8,3,2,3", "1,2"];

export async function powerView(options) {
  const data = await load("power");
  const names = Object.keys(data.lines);
  const most = Math.max(...names.map((name) => data.lines[name].at(-1)[0]));
  let effect = Math.min(most, Math.max(0, Number(options.effect) || 0.05));
  const at = (line) => {
    const next = line.findIndex(([x]) => x >= effect);
    if (next <= 0) return line[Math.max(next, 0)][1];
    const [[x0, y0], [x1, y1]] = [line[next - 1], line[next]];
    return y0 + ((y1 - y0) * (effect - x0)) / (x1 - x0);
  };
  const points = names.flatMap((name) => data.lines[name].map(([x, y]) => ({ design: name, effect: x, power: y })));
  const picture = figure(
    h("span", {}, "Probability that a two-sided test at the 5% level detects a true effect, by design. Dashed across: 80%. Dashed down: published effects, and the size chosen below."),
    `Rising curves of power by design: ${names.join(", ")}.`,
    (width) => Plot.plot({
      width, height: 340, marginLeft: 46, marginTop: 28,
      x: { label: "true effect, share of the mean", tickFormat: (value) => `${Math.round(100 * value)}%`, domain: [0, most] },
      y: { label: "power", domain: [0, 1], grid: true, tickFormat: (value) => `${Math.round(100 * value)}%` },
      marks: [
        Plot.ruleY([0.8], { stroke: "var(--soft)", strokeDasharray: "4,3" }),
        Plot.ruleX(Object.values(data.marks), { stroke: "var(--soft)", strokeDasharray: "4,3" }),
        Plot.ruleX([effect], { stroke: "var(--ink)", strokeWidth: 1.5 }),
        Plot.text(Object.entries(data.marks), { x: ([, x]) => x, y: 1, dy: -10, text: ([name]) => name, fill: "var(--ink)" }),
        ...names.map((name, place) => Plot.line(points.filter((one) => one.design === name), { x: "effect", y: "power", stroke: COLORS[place % 5], strokeWidth: 2.2, strokeDasharray: DASHES[place % 5] })),
      ],
    }),
  );
  const output = h("output", { for: "effect", class: "year" });
  const list = h("div", { role: "status" });
  const share = h("div", {});
  function update(remember = true) {
    output.textContent = `${number(100 * effect, 1)}%`;
    picture.redraw();
    const rows = names.map((name) => [name, `${number(100 * at(data.lines[name]))}%`]);
    list.replaceChildren(table(`Power for an effect of ${number(100 * effect, 1)}% of the mean`, ["Design", { text: "power", num: true }], rows, { class: "free short" }));
    if (remember) note("power", { effect: effect.toFixed(3) });
    share.replaceChildren(shareBar({ title: "Power of each design", file: "power", rows: points, figures: [picture], stable: [{ href: "../data/power.csv", text: "the curves as CSV" }, { href: "../data/power.json", text: "as JSON" }] }));
  }
  queueMicrotask(() => update(false));
  return [
    h("h2", { tabindex: "-1" }, "What each design could have detected"),
    h("p", {}, "A result that is not significant is informative only if the design had power. Move the size of the true effect and read the probability that each design detects it."),
    h("p", { class: "key" }, names.map((name, place) => h("span", { class: "swatch", style: `--c:${COLORS[place % 5]}` }, name))),
    picture,
    h("div", { class: "fields" }, h("p", { class: "field wide" }, h("label", { for: "effect" }, "True effect, share of the mean"), h("input", { id: "effect", type: "range", min: "0", max: String(most), step: "0.005", value: String(effect), oninput: (event) => { effect = Number(event.target.value); update(); } }), output)),
    list, share,
  ];
}
