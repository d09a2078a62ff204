// Drawings by Observable Plot, made readable to a screen reader as one image with a description.
import { h } from "./dom.js";

export function drawn(svgOrFigure, label) {
  const svg = svgOrFigure.tagName.toLowerCase() === "svg" ? svgOrFigure : svgOrFigure.querySelector("svg");
  for (const element of svgOrFigure.querySelectorAll("[aria-label], [aria-description], [aria-labelledby]")) {
    element.removeAttribute("aria-label");
    element.removeAttribute("aria-description");
    element.removeAttribute("aria-labelledby");
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svgOrFigure;
}

export function figure(caption, label, draw) {
  const box = h("div", { class: "drawing" });
  const element = h("figure", {}, box, h("figcaption", {}, caption));
  let said = label;
  const redraw = () => {
    const width = Math.max(300, Math.floor(box.clientWidth || element.clientWidth || 640));
    box.replaceChildren(drawn(draw(width), said));
  };
  let last = 0;
  new ResizeObserver(() => {
    const width = box.clientWidth;
    if (width && Math.abs(width - last) > 8) {
      last = width;
      redraw();
    }
  }).observe(box);
  element.redraw = (text = said) => {
    said = text;
    redraw();
  };
  return element;
}

// Text below a chart that follows the pointer: no tooltip to lose, nothing a screen reader stumbles over.
export function readout(element, scaleOf, say) {
  const line = h("p", { class: "readout" }, say(null));
  element.querySelector(".drawing").after(line);
  element.querySelector(".drawing").addEventListener("pointermove", (event) => {
    const svg = event.currentTarget.querySelector("svg");
    const scale = scaleOf();
    if (!svg || !scale) return;
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    line.textContent = say(scale.invert(at));
  });
  element.querySelector(".drawing").addEventListener("pointerleave", () => {
    line.textContent = say(null);
  });
  return element;
}
