// Columns as text: differences from the last value present; a letter for a small one, a dot for a missing value.
export function unpack(text) {
  let last = 0;
  return (text.match(/[a-zA-Z.]|-?\d+,/g) ?? []).map((token) => {
    if (token === ".") return null;
    const code = token.charCodeAt(0);
    if (token.endsWith(",")) last += Number(token.slice(0, -1));
    else last += code >= 97 ? code - 97 : 64 - code;
    return last;
  });
}

// The same order of operations as the panel's: count / population * base. The last digit depends on it.
export function rate(count, population, base = 100000) {
  return count === null || !(population > 0) ? null : (count / population) * base;
}

export const OFFENSES = {
  violent_without_rape: "Violent crime without rape",
  violent: "Violent crime with rape, as printed",
  homicide: "Homicide",
  rape_legacy: "Rape, legacy definition",
  rape_revised: "Rape, revised definition",
  robbery: "Robbery",
  aggravated_assault: "Aggravated assault",
  property: "Property crime",
  burglary: "Burglary",
  larceny: "Larceny-theft",
  motor_vehicle_theft: "Motor vehicle theft",
  arson: "Arson",
};

const PARTS = {
  violent_without_rape: ["homicide", "robbery", "aggravated_assault"],
  property: ["burglary", "larceny", "motor_vehicle_theft"],
  violent: ["homicide", "robbery", "aggravated_assault"],
};

export const REASONS = {
  n: "The FBI's table does not print this agency for the year.",
  m: "The table prints the agency, but not this offense.",
  r: "Rape is counted by the revised definition, which cannot be compared with earlier years.",
  w: "The FBI says this figure is incomplete or was not accepted.",
  e: "The year is exceptional: a mixed definition or an event that the count holds.",
};

const YEARS = 26;

export function cityRows(place, shard) {
  const { first, names } = shard;
  const printed = place.years ? parseInt(place.years, 36).toString(2).padStart(YEARS, "0") : "1".repeat(YEARS);
  const texts = place.data.split(";");
  const counts = Object.fromEntries(names.map((name, at) => [name, spread(unpack(texts[at]), printed)]));
  for (const name of Object.keys(PARTS)) {
    counts[name] = printed.split("").map((_, at) => total(name, counts, at));
    for (const [year, value] of Object.entries(place.totals?.[name] ?? {})) {
      counts[name][Number(year) - first] = value;
    }
  }
  const rows = [];
  for (let at = 0; at < YEARS; at += 1) {
    const row = { year: first + at, printed: printed[at] === "1", population: counts.population[at] };
    for (const name of Object.keys(OFFENSES)) row[name] = counts[name][at];
    rows.push(row);
  }
  return rows;
}

function spread(values, printed) {
  let at = 0;
  return [...printed].map((one) => (one === "1" ? values[at++] ?? null : null));
}

function total(name, counts, at) {
  const parts = PARTS[name].map((part) => counts[part][at]);
  if (name === "violent") {
    const rapes = [counts.rape_legacy[at], counts.rape_revised[at]].filter((value) => value !== null);
    if (rapes.length === 0) return null;
    parts.push(...rapes);
  }
  return parts.includes(null) ? null : parts.reduce((sum, value) => sum + value, 0);
}

// What marks hold for one offense: keys are offenses joined by spaces.
export function startsOf(place, shard, offense) {
  return marksOf(place.starts ?? shard.usual.starts, offense);
}

export function marksOf(marks, offense) {
  for (const [names, value] of Object.entries(marks ?? {})) {
    if (names.split(" ").includes(offense)) return value;
  }
  return null;
}

export function segmentOf(starts, year) {
  return (starts ?? []).filter((start) => start <= year).length;
}
