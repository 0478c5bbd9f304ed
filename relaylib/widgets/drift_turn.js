// Turning codes: one network per choice of first weights, its states and its two matrices.

/** A square drawing of the states at two steps; the unit square [-1, 1]^2 fills it. */
function plane() {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "-1.12 -1.12 2.24 2.24");
  drawing.setAttribute("role", "img");
  const add = (tag, attributes) => {
    const made = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    drawing.append(made);
  };
  return { root: element("div", { class: "plane" }, drawing), drawing, add };
}

/** A matrix of steps with a mark; a click on a cell calls choose(i, j). */
function stepMatrix(title, rows, columns, times, choose) {
  const map = heatMap(times.length, times.length, { class: "map steps" });
  const mark = map.root.appendChild(element("span", { class: "marker cell" }));
  map.root.addEventListener("click", (event) => {
    const cell = map.cellAt(event);
    if (cell) choose(times[times.length - 1 - cell[1]], times[cell[0]]);
  });
  const axis = element("div", { class: "numbers", "aria-hidden": "true" }, ...times.map((time) => element("span", {}, String(time))));
  return {
    root: element("div", { class: "panel" }, element("p", { class: "title" }, title), map.root, axis, element("p", { class: "note" }, `${rows} (up) \u00d7 ${columns} (right)`)),
    paint: map.paint,
    show(i, j) {
      const part = 100 / times.length;
      mark.style.cssText = `left:${part * times.indexOf(j)}%;bottom:${part * times.indexOf(i)}%;width:${part}%;height:${part}%`;
    },
  };
}

function render({ model, el }) {
  const data = model.get("turning");
  const { names, times, concepts, signs } = data;
  const n = times.length;
  const root = el.appendChild(element("div", { class: "relay drift-turn", role: "group", "aria-label": "Turning codes" }));
  const change = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const steps = (trained, tested) => change({ trained, tested });

  const first = slider("First weights", 0, names.length - 1, (value) => change({ first: value }));
  const trained = slider("Step i", times[0], times[n - 1], (value) => change({ trained: value }));
  const tested = slider("Step j", times[0], times[n - 1], (value) => change({ tested: value }));
  const concept = choice("Colour", concepts.map((name) => [name, name]), (value) => change({ concept: value }));
  const view = plane();
  const decoding = stepMatrix("Decoders", "trained at step i", "tested at step j", times, steps);
  const loss = stepMatrix("Knockouts", "ranked at step i", "knocked out at step j", times, steps);
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  root.append(
    element("div", { class: "controls" }, first.root, trained.root, tested.root, concept.root),
    readout,
    element("div", { class: "views" },
      element("div", { class: "panel" }, element("p", { class: "title" }, "States"), view.root, element("p", { class: "note" }, "hollow: step i; filled: step j; circle: +1, square: \u22121")),
      decoding.root, loss.root),
  );

  function redraw() {
    const [k, i, j] = [model.get("first"), model.get("trained"), model.get("tested")];
    const [row, column] = [times.indexOf(i), times.indexOf(j)];
    const colours = palette();
    const css = (colour) => `rgb(${colour.join(",")})`;
    const sign = signs[concepts.indexOf(model.get("concept"))];
    view.drawing.replaceChildren();
    for (const [time, filled] of [[row, false], [column, true]]) {
      data.place[k][time].forEach(([x, y], sequence) => {
        const colour = css(sign[sequence] > 0 ? colours.some : colours.less);
        const look = { fill: filled ? colour : "none", stroke: colour, "stroke-width": 0.025 };
        if (sign[sequence] > 0) view.add("circle", { cx: x, cy: -y, r: 0.06, ...look });
        else view.add("rect", { x: x - 0.055, y: -y - 0.055, width: 0.11, height: 0.11, ...look });
        if (filled) {
          const [fromX, fromY] = data.place[k][row][sequence];
          view.add("line", { x1: fromX, y1: -fromY, x2: x, y2: -y, stroke: colour, "stroke-width": 0.008, opacity: 0.6 });
        }
      });
    }
    decoding.paint((c, r) => shade(2 * data.decoding[k][n - 1 - r][c] - 1, 1, colours.none, colours.some, colours.less));
    loss.paint((c, r) => shade(data.loss[k][n - 1 - r][c], 0.3, colours.none, colours.some, colours.less));
    decoding.show(i, j);
    loss.show(i, j);
    first.show(k, names[k]);
    trained.show(i);
    tested.show(j);
    concept.show(model.get("concept"));
    const said = `${names[k]}: a step turns its leading direction by ${decimal(data.degrees[k][0], 0)}\u00b0, and successive information matrices correlate at ${decimal(data.correlation[k])}. ` +
      `A decoder of step ${i} is right in ${decimal(100 * data.decoding[k][row][column], 0)} % at step ${j}. ` +
      `Without the relays of step ${i}, knocked out at step ${j}, ${decimal(100 * data.loss[k][row][column], 0)} % of the answers are lost.`;
    readout.textContent = said;
    view.drawing.setAttribute("aria-label", `States at steps ${i} and ${j}, network started from ${names[k]}`);
  }
  redraw();
  root.dataset.ready = "";
  const ends = [onTraits(model, ["first", "trained", "tested", "concept"], redraw), onThemeChange(redraw)];
  return () => ends.forEach((end) => end());
}

export default { render };
