// Data come as scripts (a page opened from disk may load scripts but not fetch files): each calls SC.put.
const values = new Map();
const waiting = new Map();

// Places come as lists in the order of the fields; 0 stands for a field a place does not have.
const named = (fields, row) => Object.fromEntries(fields.map((name, at) => [name, row[at]]).filter(([, value]) => value !== 0 && value !== undefined));

window.SC = {
  put(name, value) {
    if (value.fields) value.places = value.places.map((row) => named(value.fields, row));
    values.set(name, value);
  },
  get: (name) => values.get(name),
};

export function load(name) {
  if (values.has(name)) return Promise.resolve(values.get(name));
  if (!waiting.has(name)) waiting.set(name, fetchScript(name));
  return waiting.get(name);
}

function fetchScript(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.onload = () => resolve(values.get(name));
    script.onerror = () => {
      waiting.delete(name);
      reject(new Error(`The file data/${name}.js could not be read.`));
    };
    document.head.append(script);
  });
}
