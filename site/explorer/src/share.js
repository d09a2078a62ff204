// What every view offers below its figure: its address, a citation, the numbers, a picture, code to embed.
import { h } from "./dom.js";

const quoted = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};

export function csv(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names.join(","), ...rows.map((row) => names.map((name) => quoted(row[name])).join(","))].join("\n") + "\n";
}

function save(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

export function citation(title) {
  const { name, version, released } = document.documentElement.dataset;
  return `${name}, version ${version} (${released}). ${title}. ${location.href.split("#")[0].startsWith("file:") ? "" : location.href}`.trim();
}

// Copies of the drawings with the page's colors written into them, one below the other.
async function picture(title, figures) {
  const drawings = figures.flatMap((figure) => [...figure.querySelectorAll("svg")]);
  const scale = 2;
  const width = Math.max(...drawings.map((svg) => svg.getBoundingClientRect().width));
  const height = drawings.reduce((sum, svg) => sum + svg.getBoundingClientRect().height, 0) + 56;
  const canvas = h("canvas", { width: width * scale, height: height * scale });
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  context.scale(scale, scale);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.color;
  context.font = "600 15px sans-serif";
  context.fillText(title, 8, 22, width - 16);
  let top = 32;
  for (const svg of drawings) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
    await image.decode();
    const box = svg.getBoundingClientRect();
    context.drawImage(image, 0, top, box.width, box.height);
    top += box.height;
  }
  context.font = "12px sans-serif";
  context.fillText(citation(title), 8, height - 8, width - 16);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

const COPIED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "font-size", "font-family", "font-weight", "text-anchor"];

function standalone(svg) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of COPIED) to[at].style.setProperty(name, style.getPropertyValue(name));
  });
  const box = svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  return new XMLSerializer().serializeToString(copy);
}

// view: {title, file, rows, figures, stable: [{href, text}]}
export function shareBar(view) {
  window.SC.view = { title: view.title, rows: view.rows };
  const address = location.href;
  const embedded = address.includes("?") ? `${address}&embed=1` : `${address}?embed=1`;
  const said = h("span", { role: "status", class: "said" });
  const copy = (text, what) => async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = `${what} copied.`;
    } catch {
      said.textContent = text;
    }
  };
  const button = (text, act) => h("button", { type: "button", onclick: act }, text);
  const frame = `<iframe src="${embedded.replace(/&/g, "&amp;")}" title="${view.title.replace(/"/g, "&quot;")}" width="100%" height="620" style="border:0"></iframe>`;
  return h(
    "section",
    { class: "share", "aria-label": "Use this view" },
    h("p", { class: "buttons" },
      button("Copy link", copy(address, "Link")),
      button("Cite", copy(citation(view.title), "Citation")),
      button("CSV", () => save(`${view.file}.csv`, new Blob([csv(view.rows)], { type: "text/csv" }))),
      button("JSON", () => save(`${view.file}.json`, new Blob([JSON.stringify(view.rows, null, 1)], { type: "application/json" }))),
      view.figures?.length ? button("Picture", async () => save(`${view.file}.png`, await picture(view.title, view.figures))) : null,
      button("Embed", copy(frame, "Embed code")),
      " ", said),
    view.stable?.length
      ? h("p", { class: "stable" }, "Addresses that stay: ", view.stable.flatMap((one, at) => [at ? ", " : "", h("a", { href: one.href }, one.text)]), ".")
      : null,
    h("details", { class: "cite" }, h("summary", {}, "Citation and embed code as text"), h("p", {}, citation(view.title)), h("p", {}, h("code", {}, frame))),
  );
}
