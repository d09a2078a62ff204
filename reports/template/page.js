// Contents that open where there is room, search, copies of citations, and tables as CSV.
(() => {
  const said = document.querySelector(".said");
  const tell = (text) => {
    said.textContent = text;
    clearTimeout(tell.timer);
    tell.timer = setTimeout(() => (said.textContent = ""), 8000);
  };

  const contents = document.querySelector(".contents");
  const wide = matchMedia("(min-width: 60.01rem)");
  const fit = () => (contents.open = wide.matches);
  fit();
  wide.addEventListener("change", fit);
  contents.querySelector("nav").addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) contents.open = false;
  });

  const hint = () => {
    for (const box of document.querySelectorAll(".table-float")) {
      const note = box.nextElementSibling;
      if (note && note.classList.contains("scroll-hint")) note.hidden = box.scrollWidth <= box.clientWidth + 1;
    }
    const named = { tabindex: "0", role: "group", "aria-label": "Formula" };
    for (const box of new Set([...document.querySelectorAll("p math")].map((formula) => formula.closest("p")))) {
      for (const [name, value] of Object.entries(named)) {
        if (box.scrollWidth > box.clientWidth + 1) box.setAttribute(name, value);
        else box.removeAttribute(name);
      }
    }
  };
  hint();
  addEventListener("resize", hint);

  const save = (name, blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
  };
  const quoted = (text) => (/[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
  const csv = (table) =>
    [...table.rows].map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(",")).join("\n") + "\n";

  const png = async (figure, name) => {
    const svg = figure.querySelector("svg").cloneNode(true);
    const box = figure.querySelector("svg").viewBox.baseVal;
    svg.setAttribute("width", box.width * 3);
    svg.setAttribute("height", box.height * 3);
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: box.width * 3, height: box.height * 3 });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0);
    canvas.toBlob((blob) => save(name + ".png", blob));
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.cite) {
      const text = button.dataset.cite + (location.protocol === "file:" ? "" : " " + location.href.split("#")[0]);
      try {
        await navigator.clipboard.writeText(text);
        tell("Copied: " + text);
      } catch {
        tell(text);
      }
    } else if (button.dataset.csv) {
      const table = document.getElementById(button.dataset.csv.replace("tbl-", "tbl:")).querySelector("table");
      save(button.dataset.csv + ".csv", new Blob([csv(table)], { type: "text/csv" }));
    } else if (button.dataset.png) {
      png(button.closest("figure"), button.dataset.png);
    }
  });

  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  let index = null;
  const own = () => {
    const heads = [...document.querySelectorAll("main h1[id], main h2[id], main h3[id]")];
    return heads.map((head, at) => {
      const range = document.createRange();
      range.setStartAfter(head);
      if (heads[at + 1]) range.setEndBefore(heads[at + 1]);
      else range.setEndAfter(document.querySelector("main").lastChild);
      return ["", head.id, head.textContent, "", range.toString()];
    });
  };
  const ready = () =>
    new Promise((resolve) => {
      const split = document.querySelector('script[src="page.js"]');
      if (!split) return resolve(own());
      const script = document.createElement("script");
      script.src = "search-index.js";
      script.onload = () => resolve(window.PAPER_INDEX);
      script.onerror = () => resolve(own());
      document.head.append(script);
    });
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  field.addEventListener("input", async () => {
    index ||= ready();
    const rows = await index;
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    const hits = [];
    if (field.value.trim().length > 1) {
      for (const [file, id, heading, page, text] of rows) {
        const head = plain(heading);
        const body = plain(text);
        if (!words.every((word) => head.includes(word) || body.includes(word))) continue;
        const at = body.indexOf(words[0]);
        const score = words.filter((word) => head.includes(word)).length;
        hits.push({ file, id, heading, page, score, near: at < 0 ? "" : text.slice(Math.max(0, at - 40), at + 80) });
      }
    }
    hits.sort((a, b) => b.score - a.score);
    list.replaceChildren(
      ...hits.slice(0, 12).map((hit) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = hit.file + "#" + hit.id;
        link.textContent = hit.heading;
        item.append(link, " " + (hit.page && hit.page !== hit.heading ? hit.page + ": " : "") + "… " + hit.near + " …");
        return item;
      }),
    );
    if (field.value.trim().length > 1 && !hits.length) {
      const item = document.createElement("li");
      item.textContent = "Nothing found.";
      list.replaceChildren(item);
    }
  });
})();
