// Two GeoJSON files into one topology whose borders are stored once, as a script the page can read from disk.
// Usage: node shapes.mjs counties.geojson states.geojson shapes.js
import { readFileSync, writeFileSync } from "node:fs";
import { topology } from "topojson-server";

const [counties, states, target] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const made = topology({ counties: read(counties), states: read(states) }, 8000);
writeFileSync(target, `SC.put("shapes",${JSON.stringify(made)});\n`);
