// Data come as scripts (a page opened from disk may load scripts but not fetch files): each calls SC.put.
const values = new Map();
const waiting = new Map();

window.SC = {
  put(name, value) {
    values.set(name, value);
  },
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
