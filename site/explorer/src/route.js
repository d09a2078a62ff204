// The address holds the whole view: #/city/CA0380100?offense=robbery&unit=rate
export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), options: Object.fromEntries(new URLSearchParams(query)) };
}

export function address(path, options = {}) {
  const kept = Object.entries({ ...options, embed: parse().options.embed }).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(kept).toString();
  return `#/${path}${query ? `?${query}` : ""}`;
}

export function go(path, options = {}) {
  location.hash = address(path, options);
}

// Sliders and ticks change the address without a step in the history for each of them.
export function note(path, options = {}) {
  history.replaceState(null, "", address(path, options));
}
