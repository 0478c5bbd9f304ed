// Shared by the widgets: relaylib.widgets.source puts it before the script of each widget.

/** Make an element: element("p", {class: "note"}, "text", child). */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children);
  return made;
}

/** A number as text, with a true minus sign and without "-0.00". */
function decimal(value, digits = 2) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
}

/** A choice of one of a few [value, text] pairs. Returns {root, show(value), allow(condition)}. */
function choice(name, options, choose) {
  // a name of its own on the whole page: each widget is a module, which others cannot see
  globalThis.relayChoices = (globalThis.relayChoices ?? 0) + 1;
  const group = `relay-choice-${globalThis.relayChoices}`;
  const inputs = new Map();
  const strip = element("div", { class: "choice" });
  for (const [value, text] of options) {
    const input = element("input", { type: "radio", name: group, value });
    input.addEventListener("change", () => choose(value));
    inputs.set(value, input);
    strip.append(element("label", {}, input, element("span", {}, text)));
  }
  return {
    root: element("fieldset", { class: "control" }, element("legend", {}, name), strip),
    show(value) {
      for (const [key, input] of inputs) input.checked = key === value;
    },
    allow(condition) {
      for (const [key, input] of inputs) input.disabled = !condition(key);
    },
  };
}

/** A labelled slider. Returns {root, input, show(value, text), limits(low, high)}. */
function slider(name, low, high, choose) {
  const input = element("input", { type: "range", min: low, max: high, step: 1 });
  const output = element("output");
  input.addEventListener("input", () => choose(Number(input.value)));
  const range = element("span", { class: "range" }, input, output);
  return {
    root: element("label", { class: "control" }, element("span", { class: "name" }, name), range),
    input,
    show(value, text = String(value)) {
      input.value = value;
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    },
    limits(lowest, highest) {
      input.min = lowest;
      input.max = highest;
    },
  };
}

/** A button that calls step() at every beat until it returns false. Returns {root, stop()}. */
function player(name, milliseconds, step, tell = () => {}) {
  const button = element("button", { type: "button" });
  let timer = null;
  function show() {
    const playing = timer !== null;
    button.textContent = playing ? "\u275a\u275a Pause" : "\u25b6\ufe0e Play";
    button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${name}`);
    tell(playing);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    show();
  }
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    timer = setInterval(() => step(false) || stop(), milliseconds);
    show();
    step(true);
  });
  button.textContent = "\u25b6\ufe0e Play";
  button.setAttribute("aria-label", `Play ${name}`);
  return { root: button, stop };
}

/** A button that saves rows() as a CSV file, the first row being the names of columns. */
function saver(name, rows) {
  const button = element("button", { type: "button", class: "save" }, "Save values (CSV)");
  button.addEventListener("click", () => {
    const text = rows().map((row) => row.join(",")).join("\n");
    const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
    element("a", { href: url, download: `${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
  return button;
}

/** A canvas of columns x rows cells. Returns {root, paint(colourOf), cellAt(event)}. */
function heatMap(columns, rows, attributes = {}) {
  const canvas = element("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  const root = element("div", { class: "map", style: `--columns:${columns};--rows:${rows}`, ...attributes }, canvas);
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const { data } = image;
  return {
    root,
    /** colourOf(column, row) -> [red, green, blue] */
    paint(colourOf) {
      for (let cell = 0; cell < columns * rows; cell++) {
        const colour = colourOf(cell % columns, Math.floor(cell / columns));
        for (let channel = 0; channel < 3; channel++) data[4 * cell + channel] = colour[channel];
        data[4 * cell + 3] = 255;
      }
      context.putImageData(image, 0, 0);
    },
    cellAt(event) {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      const inside = column >= 0 && column < columns && row >= 0 && row < rows;
      return inside ? [column, row] : null;
    },
  };
}

/** Labels of a time axis: step 1, and every fifth (tenth of more than 40). */
function timeAxis(nTimes) {
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  const every = nTimes > 40 ? 10 : 5;
  for (let time = 1; time <= nTimes; time += time === 1 ? every - 1 : every) {
    axis.append(element("span", { style: `left:${(100 * (time - 0.5)) / nTimes}%` }, String(time)));
  }
  return axis;
}

/** The colours of common.css as [red, green, blue], as they are now. */
function palette() {
  // read from an element of the page: the widget itself may not be part of the page yet
  const probe = document.body.appendChild(element("span", { class: "relay", hidden: true }));
  const read = (name) => {
    probe.style.color = `var(--relay-${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const names = ["none", "some", "less", "plus", "minus"];
  const colours = Object.fromEntries(names.map((name) => [name, read(name)]));
  probe.remove();
  return colours;
}

/** The colour of a value: zero at 0, full at `limit`, the other end at -limit. */
function shade(value, limit, zero, full, negative) {
  const part = Math.min(Math.abs(value) / limit, 1);
  const end = value < 0 ? negative : full;
  return zero.map((from, channel) => Math.round(from + part * (end[channel] - from)));
}

/** Black or white, whichever is easier to read on a colour. */
function readable(colour) {
  const [red, green, blue] = colour.map((channel) => (channel / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

/** Call redraw when the page turns light or dark; returns a function that ends this. */
function onThemeChange(redraw) {
  const observer = new MutationObserver(redraw);
  const watched = { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] };
  observer.observe(document.documentElement, watched);
  observer.observe(document.body, watched);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", redraw);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", redraw);
  };
}

/** Half-precision floats (little-endian bytes in a DataView) as a Float32Array. */
function halfFloats(view) {
  const values = new Float32Array(view.byteLength / 2);
  for (let index = 0; index < values.length; index++) {
    const bits = view.getUint16(2 * index, true);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    values[index] = bits & 0x8000 ? -size : size;
  }
  return values;
}

/** Bind model traits to a redraw; returns a function that ends this. */
function onTraits(model, names, redraw) {
  for (const name of names) model.on(`change:${name}`, redraw);
  return () => names.forEach((name) => model.off(`change:${name}`, redraw));
}
