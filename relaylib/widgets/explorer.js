// Relay explorer: how many bits each node relays about each concept, network by network, step by step.

const COMPARE = "compare";
const BEAT = 700; // milliseconds per step when playing

const asText = (r) => (Number.isNaN(r) ? "\u2013" : decimal(r));

/** The matrix of one network, concepts x nodes: squares, and a slider over the nodes for the keyboard. */
function matrixView(architecture, [, nConcepts, nNodes], choose) {
  const squares = [];
  const root = element("div", {
    class: "matrix", style: `--columns:${nNodes};--rows:${nConcepts}`, tabindex: 0, role: "slider",
    "aria-label": `Node of the ${architecture}`, "aria-valuemin": 0, "aria-valuemax": nNodes,
  });
  for (let node = 1; node <= nNodes; node++) root.append(element("i", { "data-node": node }, String(node)));
  for (let concept = 0; concept < nConcepts; concept++) {
    for (let node = 1; node <= nNodes; node++) squares.push(element("b", { "data-node": node }));
  }
  root.append(...squares);
  for (const gesture of ["pointerdown", "pointermove"]) {
    root.addEventListener(gesture, (event) => {
      const node = Number(event.target.dataset.node);
      if (node) choose(architecture, () => node);
    });
  }
  const keys = {
    ArrowRight: (node) => Math.min(node + 1, nNodes), ArrowUp: (node) => Math.min(node + 1, nNodes),
    ArrowLeft: (node) => Math.max(node - 1, 1), ArrowDown: (node) => Math.max(node - 1, 1),
    Home: () => 1, End: () => nNodes, Escape: () => 0,
  };
  root.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    choose(architecture, keys[event.key]);
  });
  root.addEventListener("focus", () => choose(architecture, (node) => node || 1));
  return {
    root,
    draw(matrix, colourOf, node) {
      squares.forEach((square, index) => {
        square.style.backgroundColor = `rgb(${colourOf(matrix[index])})`;
      });
      for (const child of root.children) child.classList.toggle("chosen", Number(child.dataset.node) === node);
      root.setAttribute("aria-valuenow", node);
      root.setAttribute("aria-valuetext", node ? `node ${node}` : "none");
    },
  };
}

/** Bits of every node at every step for one concept; choosing a place sets step and node. */
function panelView(architecture, [nTimes, , nNodes], choose, seek) {
  const map = heatMap(nTimes, nNodes, { class: "map panel" });
  const cursor = map.root.appendChild(element("span", { class: "marker moving cursor" }));
  const row = map.root.appendChild(element("span", { class: "marker chosen-row" }));
  const onset = map.root.appendChild(element("span", { class: "marker onset" }));
  for (const gesture of ["pointerdown", "pointermove"]) {
    map.root.addEventListener(gesture, (event) => {
      const cell = map.cellAt(event);
      if (cell) choose(architecture, () => cell[1] + 1);
    });
  }
  map.root.addEventListener("click", (event) => {
    const cell = map.cellAt(event);
    if (cell) seek(cell[0] + 1);
  });
  return {
    root: map.root,
    paint: map.paint,
    mark(time, node, onsetStep) {
      cursor.style.left = `${(100 * (time - 1)) / nTimes}%`;
      cursor.style.width = `${100 / nTimes}%`;
      row.hidden = !node;
      row.style.top = `${(100 * (node - 1)) / nNodes}%`;
      row.style.height = `${100 / nNodes}%`;
      onset.hidden = !onsetStep;
      onset.style.left = `${(100 * ((onsetStep ?? 1) - 0.5)) / nTimes}%`;
    },
  };
}

/** Similarity to the step before as a line over time, from r = -1 (bottom) to 1 (top). */
function driftView(nTimes) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${nTimes} 2`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = `<rect class="span" y="0" height="2"/><path class="zero" d="M0 1H${nTimes}"/><path class="line"/>`;
  const cursor = element("span", { class: "marker moving dot" });
  return {
    root: element("div", { class: "drift" }, svg, cursor),
    draw(matrices, from, to) {
      let [path, pen] = ["", "M"];
      for (let time = 2; time <= nTimes; time++) {
        const r = matrices.similarity(time);
        path += Number.isNaN(r) ? "" : `${pen}${time - 0.5} ${1 - r}`;
        pen = Number.isNaN(r) ? "M" : "L";
      }
      svg.querySelector(".line").setAttribute("d", path);
      svg.querySelector(".span").setAttribute("x", from - 0.5);
      svg.querySelector(".span").setAttribute("width", to - from);
    },
    mark(time, r) {
      cursor.hidden = Number.isNaN(r);
      cursor.style.left = `${(100 * (time - 0.5)) / nTimes}%`;
      cursor.style.top = `${50 * (1 - (r || 0))}%`;
    },
  };
}

/** Everything shown of one network: a column of the table. */
function columnView(architecture, study, choose, seek) {
  const nConcepts = study.shape[1];
  const matrix = matrixView(architecture, study.shape, choose);
  const panels = Array.from({ length: nConcepts }, () => panelView(architecture, study.shape, choose, seek));
  const drift = driftView(study.shape[0]);
  const [now, mean] = [element("output", { class: "number" }), element("output", { class: "number" })];
  const title = element("strong", { class: "title" }, architecture);
  return {
    cells: [title, matrix.root, ...panels.map((panel) => panel.root), timeAxis(study.shape[0]), drift.root, now, mean],
    /** A new network: everything that does not depend on the step. */
    drawNetwork(matrices, task, answerStep, colourOf) {
      panels.forEach((panel, concept) =>
        panel.paint((column, row) => colourOf(matrices.bits(column + 1, concept, row + 1))));
      drift.draw(matrices, study.n_steps, answerStep);
      mean.textContent = asText(matrices.meanSimilarity(study.n_steps, answerStep));
    },
    /** A new step or node. */
    drawStep(matrices, task, time, node, colourOf) {
      matrix.draw(matrices.matrix(time), colourOf, node);
      panels.forEach((panel, concept) => panel.mark(time, node, task.onsets?.[concept]));
      const r = matrices.similarity(time);
      drift.mark(time, r);
      now.textContent = asText(r);
    },
  };
}

/** Labels on the left of the table, one for each cell of a column. */
function labelCells(nConcepts) {
  const names = () => Array.from({ length: nConcepts }, () => element("span"));
  const [short, panels] = [names(), names()];
  const label = (...content) => element("span", { class: "label" }, ...content);
  const cells = [
    label(), element("span", { class: "label matrix-labels", style: `--rows:${nConcepts}` }, element("i", {}, "node"), ...short),
    ...panels.map((panel) => label(panel)),
    label("step"), label("correlation with the previous step"), label("r at this step"), label(),
  ];
  return { cells, mean: cells.at(-1), name: (concepts) => concepts.forEach((name, index) => {
    short[index].textContent = panels[index].textContent = name;
  }) };
}

function legend() {
  return element("p", { class: "legend" },
    element("span", { class: "ramp", "aria-hidden": "true" }),
    element("span", {}, "\u22121 \u2026 0 \u2026 1 bit relayed. Orange: negative, held only jointly with other nodes. "),
    element("span", {}, "\u25bc a concept\u2019s onset. Shaded: from the last input to the answer."));
}

function render({ model, el }) {
  const study = model.get("study");
  const root = el.appendChild(element("div", { class: "relay explorer", role: "group", "aria-label": "Relay explorer" }));
  const change = (name, value) => { model.set(name, value); model.save_changes(); };
  const seek = (time) => change("time", time);
  const nTimes = study.shape[0];

  const task = choice("Task", study.tasks.map(({ name }) => [name, name]), (value) => change("task", value));
  const networks = [...study.architectures.map((name) => [name, name]), [COMPARE, "all"]];
  const architecture = choice("Architecture", networks, (value) => change("architecture", value));
  const regime = choice("Trained with delay", study.regimes.map((name) => [name, name]), (value) => change("regime", value));
  const replicate = slider("Network", 0, study.replicates - 1, (value) => change("replicate", value));
  const time = slider("Step", 1, nTimes, seek);
  const play = player("through the steps", BEAT, (begin) => {
    const next = model.get("time") + 1;
    if (next > nTimes && !begin) return false;
    seek(next > nTimes ? 1 : next);
    return true;
  }, (playing) => readout.setAttribute("aria-live", playing ? "off" : "polite"));
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  const table = element("div", { class: "grid" });
  root.append(
    element("div", { class: "controls" }, task.root, architecture.root, regime.root, replicate.root),
    element("div", { class: "controls transport" }, play.root, time.root, element("p", { class: "phase" })),
    table, readout, legend());
  root.lastChild.append(" ", saver("information-matrices", savedRows));
  const phase = root.querySelector(".phase");

  let chosen = { architecture: null, node: 0 };
  const choose = (name, next) => {
    const node = next(chosen.architecture === name ? chosen.node : 0);
    if (chosen.architecture === name && chosen.node === node) return;
    chosen = { architecture: name, node };
    drawStep();
  };
  const labels = labelCells(study.shape[1]);
  const columns = study.architectures.map((name) => columnView(name, study, choose, seek));
  labels.cells.forEach((cell, row) => {
    cell.style.gridRow = row + 1;
    table.append(cell);
    for (const column of columns) {
      column.cells[row].style.gridRow = row + 1;
      table.append(column.cells[row]);
    }
  });

  let values = null;
  let colours = palette();
  const colourOf = (bits) => shade(bits, 1, colours.none, colours.some, colours.less);
  const condition = (name) => ({
    task: model.get("task"), architecture: name, regime: model.get("regime"), replicate: model.get("replicate"),
  });
  const isShown = (name) => [COMPARE, name].includes(model.get("architecture"));
  const theTask = () => study.tasks.find(({ name }) => name === model.get("task"));
  const blank = new Matrices(new Float32Array(study.shape.reduce((a, b) => a * b)), study.shape);
  let shown = new Map();

  function nodeText(name, node) {
    if (!node) return "no node chosen";
    const bits = theTask().concepts.map((concept, index) =>
      `${concept} ${decimal(shown.get(name).bits(model.get("time"), index, node))}`);
    return `${name}, node ${node}, step ${model.get("time")}: ${bits.join(", ")} bits`;
  }

  /** The bits of all networks that are shown, at every step. */
  function savedRows() {
    const [head, rows] = [["task", "architecture", "delay", "network", "step", "concept", "node", "bits"], []];
    for (const [name, matrices] of shown) {
      const of = [model.get("task"), name, model.get("regime"), model.get("replicate") + 1];
      for (let step = 1; step <= nTimes; step++) theTask().concepts.forEach((concept, index) => {
        for (let node = 1; node <= study.shape[2]; node++) rows.push([...of, step, concept, node, matrices.bits(step, index, node)]);
      });
    }
    return [head, ...rows];
  }

  function drawStep() {
    const step = model.get("time");
    const answer = study.answer_steps[model.get("regime")];
    time.show(step, `${step} of ${nTimes}`);
    phase.textContent = step < study.n_steps ? "input is coming in"
      : step === study.n_steps ? "last input step" : `${step - study.n_steps} blank ${step - study.n_steps > 1 ? "steps" : "step"} later`;
    if (step === answer) phase.textContent += ": the answer is read";
    study.architectures.forEach((name, index) => {
      if (!isShown(name)) return;
      const node = chosen.architecture === name ? chosen.node : 0;
      columns[index].drawStep(shown.get(name), theTask(), step, node, colourOf);
    });
    const known = chosen.node && shown.has(chosen.architecture);
    readout.textContent = known ? nodeText(chosen.architecture, chosen.node)
      : "Point at a node or tap it, or focus a matrix and use the arrow keys, to read its bits.";
  }

  function draw() {
    const answer = study.answer_steps[model.get("regime")];
    task.show(model.get("task"));
    architecture.show(model.get("architecture"));
    regime.show(model.get("regime"));
    replicate.show(model.get("replicate"), `${model.get("replicate") + 1} of ${study.replicates}`);
    labels.name(theTask().concepts);
    labels.mean.textContent = `mean r, steps ${study.n_steps}\u2013${answer}`;
    const names = study.architectures.filter(isShown);
    table.style.setProperty("--networks", names.length);
    shown = new Map(names.map((name) => [name, values ? matricesOf(study, values, condition(name)) : blank]));
    study.architectures.forEach((name, index) => {
      columns[index].cells.forEach((cell) => { cell.hidden = !isShown(name); });
      if (isShown(name)) columns[index].drawNetwork(shown.get(name), theTask(), answer, colourOf);
    });
    drawStep();
  }

  const ends = [
    onTraits(model, ["task", "architecture", "regime", "replicate"], draw),
    onTraits(model, ["time"], drawStep),
    onThemeChange(() => { colours = palette(); draw(); }),
    () => play.stop(),
  ];
  draw();
  assetBytes(model).then((view) => {
    values = halfFloats(view);
    draw();
    root.setAttribute("data-ready", "");
  }).catch((error) => {
    table.replaceWith(element("p", { class: "problem", role: "alert" },
      `The study\u2019s information matrices are not here (${error.message}). `
      + "In a notebook, run this cell again; in the book, build it again."));
  });
  return () => ends.forEach((end) => end());
}

export default { render };
