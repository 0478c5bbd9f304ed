// Relay explorer: how many bits each node relays about each concept, network by network, step by step.

const COMPARE = "compare";
const BESIDE = "beside"; // key of the column of a second network
const BEAT = 700; // milliseconds per step when playing

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
  const beside = choice("Beside it", [["", "nothing"], ...networks.slice(0, -1)], (value) => change("beside", value));
  const besideRegime = choice("Right: trained with delay", study.regimes.map((name) => [name, name]), (value) => change("beside_regime", value));
  const besideReplicate = slider("Right: network", 0, study.replicates - 1, (value) => change("beside_replicate", value));
  const second = element("div", { class: "controls" }, beside.root, besideRegime.root, besideReplicate.root);
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
    second,
    element("div", { class: "controls transport" }, play.root, time.root, element("p", { class: "phase" })),
    table, readout, legend());
  root.lastChild.append(" ", saver("information-matrices", savedRows));
  const phase = root.querySelector(".phase");

  let chosen = { key: null, node: 0 };
  const choose = (key, next) => {
    const node = next(chosen.key === key ? chosen.node : 0);
    if (chosen.key === key && chosen.node === node) return;
    chosen = { key, node };
    drawStep();
  };
  const labels = labelCells(study.shape[1]);
  const columns = new Map([...study.architectures, BESIDE].map((key) => [key, columnView(key, study, choose, seek)]));
  labels.cells.forEach((cell, row) => {
    cell.style.gridRow = row + 1;
    table.append(cell);
    for (const column of columns.values()) {
      column.cells[row].style.gridRow = row + 1;
      table.append(column.cells[row]);
    }
  });

  let values = null;
  let colours = palette();
  const colourOf = (bits) => shade(bits, 1, colours.none, colours.some, colours.less);
  const theTask = () => study.tasks.find(({ name }) => name === model.get("task"));
  const blank = new Matrices(new Float32Array(study.shape.reduce((a, b) => a * b)), study.shape);
  let shown = new Map(); // key of a column -> its network

  /** The network of a column: what it was trained on, its matrices, and when it answers. */
  function networkOf(condition, isPair) {
    const { architecture: name, regime: delay, replicate: number } = condition;
    const matrices = matricesOf(study, values, condition) ?? blank;
    const title = isPair ? `${name}, delay ${delay}, network ${number + 1}` : name;
    return { condition, title, matrices, answerStep: study.answer_steps[delay] };
  }

  /** The networks that are chosen, by the keys of their columns. */
  function chosenNetworks() {
    const [name, other] = [model.get("architecture"), model.get("beside")];
    const first = { task: model.get("task"), regime: model.get("regime"), replicate: model.get("replicate") };
    const isPair = name !== COMPARE && other !== "";
    const found = new Map((name === COMPARE ? study.architectures : [name]).map((architecture) =>
      [architecture, networkOf({ ...first, architecture }, isPair)]));
    if (isPair) {
      const [regime, replicate] = [model.get("beside_regime"), model.get("beside_replicate")];
      found.set(BESIDE, networkOf({ task: first.task, architecture: other, regime, replicate }, isPair));
    }
    return found;
  }

  function nodeText({ title, matrices }, node) {
    const bits = theTask().concepts.map((concept, index) =>
      `${concept} ${decimal(matrices.bits(model.get("time"), index, node))}`);
    return `${title}, node ${node}, step ${model.get("time")}: ${bits.join(", ")} bits`;
  }

  /** The bits of all networks that are shown, at every step. */
  function savedRows() {
    const [head, rows] = [["task", "architecture", "delay", "network", "step", "concept", "node", "bits"], []];
    for (const { condition, matrices } of shown.values()) {
      const of = [condition.task, condition.architecture, condition.regime, condition.replicate + 1];
      for (let step = 1; step <= nTimes; step++) theTask().concepts.forEach((concept, index) => {
        for (let node = 1; node <= study.shape[2]; node++) rows.push([...of, step, concept, node, matrices.bits(step, index, node)]);
      });
    }
    return [head, ...rows];
  }

  /** What happens at a step, in words; of two networks, which of them answers. */
  function phaseText(step) {
    const late = step - study.n_steps;
    const input = late < 0 ? "input is coming in" : late === 0 ? "last input step" : `${late} blank ${late > 1 ? "steps" : "step"} later`;
    const reads = [...shown.values()].map(({ answerStep }) => answerStep === step);
    if (!reads.includes(true)) return input;
    return `${input}: the answer is read${reads.includes(false) ? ` (${reads[0] ? "left" : "right"})` : ""}`;
  }

  function drawStep() {
    const step = model.get("time");
    time.show(step, `${step} of ${nTimes}`);
    phase.textContent = phaseText(step);
    for (const [key, { matrices }] of shown) {
      columns.get(key).drawStep(matrices, theTask(), step, chosen.key === key ? chosen.node : 0, colourOf);
    }
    readout.textContent = chosen.node && shown.has(chosen.key) ? nodeText(shown.get(chosen.key), chosen.node)
      : "Point at a node or tap it, or focus a matrix and use the arrow keys, to read its bits.";
  }

  function drawControls() {
    const number = (name) => [model.get(name), `${model.get(name) + 1} of ${study.replicates}`];
    task.show(model.get("task"));
    architecture.show(model.get("architecture"));
    regime.show(model.get("regime"));
    replicate.show(...number("replicate"));
    second.hidden = model.get("architecture") === COMPARE;
    beside.show(model.get("beside"));
    besideRegime.show(model.get("beside_regime"));
    besideReplicate.show(...number("beside_replicate"));
    for (const { root: control } of [besideRegime, besideReplicate]) control.hidden = !shown.has(BESIDE);
  }

  function draw() {
    shown = chosenNetworks();
    drawControls();
    labels.name(theTask().concepts);
    const answers = new Set([...shown.values()].map(({ answerStep }) => answerStep));
    labels.mean.textContent = answers.size > 1 ? "mean r, last input to answer" : `mean r, steps ${study.n_steps}\u2013${[...answers][0]}`;
    table.style.setProperty("--networks", shown.size);
    for (const [key, column] of columns) {
      for (const cell of column.cells) cell.hidden = !shown.has(key);
      if (shown.has(key)) column.drawNetwork(shown.get(key), colourOf);
    }
    drawStep();
  }

  draw(); // before anything listens: it fails if a value in the address is wrong
  const ends = [
    onTraits(model, ["task", "architecture", "regime", "replicate", "beside", "beside_regime", "beside_replicate"], draw),
    onTraits(model, ["time"], drawStep),
    onThemeChange(() => { colours = palette(); draw(); }),
    () => play.stop(),
  ];
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
