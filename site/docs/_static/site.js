// The theme's arrows that open parts of the list of pages have no name of their own: they get that of their page.
for (const arrow of document.querySelectorAll("details > summary")) {
  if (!arrow.textContent.trim()) {
    const page = arrow.closest("li")?.querySelector("a");
    arrow.setAttribute("aria-label", `Pages under ${page ? page.textContent.trim() : "this"}`);
  }
}
