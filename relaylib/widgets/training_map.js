// Training map: every (epoch, step, node) of a training as a point, and the matrix of one moment.

const EPOCH_BEAT = 500; // milliseconds per epoch when playing

/** Colour of a part (0..1) of an ordered scale. */
function ramp(part, colours) {
  return shade(part, 1, colours.none.map((c, i) => Math.round((c + colours.less[i]) / 2)), colours.some, colours.less);
}

/** Distinct colours, one per node, as [red, green, blue]. */
function hue(index, count) {
  const angle = (360 * index) / count;
  const channel = (shift) => {
    const k = (shift + angle / 30) % 12;
    return Math.round(255 * (0.5 - 0.36 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** The map: a square canvas, drawn again whenever something changes. */
function mapCanvas() {
  const canvas = element("canvas", { role: "img" });
  const root = element("div", { class: "cloud" }, canvas);
  return {
    root,
    canvas,
    /** Return a 2D context whose unit square [-1, 1]^2 is the canvas, and pixels per unit. */
    begin() {
      const ratio = globalThis.devicePixelRatio || 1;
      const side = Math.max(Math.round((root.clientWidth || 320) * ratio), 1);
      if (canvas.width !== side) canvas.width = canvas.height = side;
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, side, side);
      const scale = side / 2.16;
      return { context, ratio, at: (x, y) => [side / 2 + x * scale, side / 2 - y * scale] };
    },
  };
}

async function render({ model, el }) {
  const maps = model.get("maps");
  const [nMoments, nTimes, nConcepts, nNodes] = maps.shape;
  const places = halfFloats(await unzipped(model.get("points")));
  const bits = halfFloats(await unzipped(model.get("bits")));
  const root = el.appendChild(element("div", { class: "relay training-map", role: "group", "aria-label": "Training map" }));
  const change = (name, value) => { model.set(name, value); model.save_changes(); };

  const theTask = () => maps.tasks.find(({ name }) => name === model.get("task"));
  const replicates = () => maps.cells[`${model.get("task")}/${model.get("architecture")}`];
  const cell = () => replicates()[model.get("network")];
  const last = () => cell().epochs.length - 1;
  const moment = () => Math.min(model.get("moment"), last());
  const start = () => (model.get("network") * maps.tasks.length + maps.tasks.indexOf(theTask())) * maps.architectures.length
    + maps.architectures.indexOf(model.get("architecture"));
  const slice = (epoch, time) => (start() * nMoments + epoch) * nTimes + time - 1;
  const place = (epoch, time, node) => {
    const index = 2 * (slice(epoch, time) * nNodes + node - 1);
    return [places[index], places[index + 1]];
  };
  const bit = (epoch, time, concept, node) => bits[(slice(epoch, time) * nConcepts + concept) * nNodes + node - 1];

  const task = choice("Task", maps.tasks.map(({ name }) => [name, name]), (value) => change("task", value));
  const architecture = choice("Architecture", maps.architectures.map((name) => [name, name]), (value) => change("architecture", value));
  const networks = element("div", { class: "slot" });
  const colourings = element("div", { class: "slot" });
  const epoch = slider("Epoch", 0, nMoments - 1, (value) => change("moment", value));
  const time = slider("Step", 1, nTimes, (value) => change("time", value));
  const node = slider("Node", 1, nNodes, (value) => change("node", value));
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  const play = player("through the epochs", EPOCH_BEAT, (begin) => {
    const next = moment() + 1;
    if (next > last() && !begin) return false;
    change("moment", next > last() ? 0 : next);
    return true;
  }, (playing) => readout.setAttribute("aria-live", playing ? "off" : "polite"));
  const cloud = mapCanvas();
  const matrix = heatMap(nNodes, nConcepts, { class: "map matrix" });
  const mark = matrix.root.appendChild(element("span", { class: "marker column" }));
  const names = element("div", { class: "names" });
  const columns = element("div", { class: "numbers", "aria-hidden": "true" },
    ...Array.from({ length: nNodes }, (_, index) => element("span", {}, String(index + 1))));
  root.append(
    element("div", { class: "controls" }, task.root, architecture.root, networks, colourings),
    element("div", { class: "controls" }, play.root, epoch.root, time.root, node.root),
    element("div", { class: "views" }, cloud.root,
      element("div", { class: "moment" },
        element("p", { class: "title" }, "Information matrix of this moment"),
        element("div", { class: "frame" }, names, matrix.root, element("span"), columns),
        readout,
        element("p", { class: "legend" },
          "Each dot of the map is one node at one step of one epoch. Ringed: the nodes of this moment, the chosen one largest. "
          + "Line: the chosen node at this step through all epochs. The axes of the map have no meaning. "
          + "Epochs and steps go from orange, first, to blue, last; bits from pale, 0, to blue, 1."))));
  root.querySelector(".legend").append(" ", saver("training-map", savedRows));
  matrix.root.addEventListener("click", (event) => {
    const where = matrix.cellAt(event);
    if (where) change("node", where[0] + 1);
  });

  let colours = palette();
  let colouring = null;
  let network = null;
  const colourOf = (value) => shade(value, 1, colours.none, colours.some, colours.less);

  /** Every point of the map that is shown, and the bits of its node. */
  function savedRows() {
    const concepts = theTask().concepts;
    const { epochs, accuracy, replicate } = cell();
    const of = [model.get("task"), model.get("architecture"), replicate + 1];
    const rows = [["task", "architecture", "network", "epoch", "accuracy", "step", "node", "x", "y", ...concepts.map((name) => `bits_${name}`)]];
    for (let e = 0; e <= last(); e++) {
      for (let t = 1; t <= nTimes; t++) {
        for (let n = 1; n <= nNodes; n++) {
          rows.push([...of, epochs[e], accuracy[e], t, n, ...place(e, t, n), ...concepts.map((_, index) => bit(e, t, index, n))]);
        }
      }
    }
    return rows;
  }

  function pointColour(e, t, n) {
    const by = model.get("colour");
    if (by === "epoch") return ramp(last() ? e / last() : 0, colours);
    if (by === "step") return ramp((t - 1) / Math.max(nTimes - 1, 1), colours);
    if (by === "node") return hue(n - 1, nNodes);
    return colourOf(bit(e, t, Number(by) - 1, n));
  }

  function dot({ context, ratio, at }, e, t, n, radius, ring) {
    const [x, y] = at(...place(e, t, n));
    context.beginPath();
    context.arc(x, y, radius * ratio, 0, 2 * Math.PI);
    context.fillStyle = `rgb(${pointColour(e, t, n)})`;
    context.fill();
    if (!ring) return;
    context.lineWidth = 1.5 * ratio;
    context.strokeStyle = ring;
    context.stroke();
  }

  function drawMap() {
    const pen = cloud.begin();
    const ink = getComputedStyle(root).color;
    const [now, step, chosen] = [moment(), model.get("time"), model.get("node")];
    pen.context.globalAlpha = 0.75;
    for (let e = 0; e <= last(); e++) {
      for (let t = 1; t <= nTimes; t++) for (let n = 1; n <= nNodes; n++) dot(pen, e, t, n, 1.6);
    }
    pen.context.globalAlpha = 1;
    pen.context.beginPath();
    for (let e = 0; e <= last(); e++) pen.context.lineTo(...pen.at(...place(e, step, chosen)));
    pen.context.strokeStyle = ink;
    pen.context.lineWidth = pen.ratio;
    pen.context.stroke();
    for (let n = 1; n <= nNodes; n++) dot(pen, now, step, n, n === chosen ? 7 : 4.5, ink);
    cloud.canvas.setAttribute("aria-label",
      `Map of the training of ${model.get("architecture")}, ${model.get("task")} task; the nodes of epoch ${cell().epochs[now]}, step ${step} stand out.`);
  }

  function draw() {
    const [now, step, chosen, concepts] = [moment(), model.get("time"), model.get("node"), theTask().concepts];
    const { epochs, accuracy, replicate } = cell();
    task.show(model.get("task"));
    architecture.show(model.get("architecture"));
    const numbers = replicates().map((each, index) => [String(index), String(each.replicate + 1)]);
    if (numbers.length > 1 && network?.key !== numbers.join()) {
      network = Object.assign(choice("Network", numbers, (value) => change("network", Number(value))), { key: numbers.join() });
      networks.replaceChildren(network.root);
    }
    network?.show(String(model.get("network")));
    const options = [["epoch", "epoch"], ["step", "step"], ["node", "node"], ...concepts.map((name, index) => [String(index + 1), name])];
    if (colouring?.key !== concepts.join()) {
      colouring = Object.assign(choice("Colour", options, (value) => change("colour", value)), { key: concepts.join() });
      colourings.replaceChildren(colouring.root);
    }
    colouring.show(model.get("colour"));
    epoch.limits(0, last());
    epoch.show(now, `${epochs[now]} of ${epochs[last()]}`);
    time.show(step, `${step} of ${nTimes}`);
    node.show(chosen);
    names.replaceChildren(...concepts.map((name) => element("span", {}, name)));
    matrix.paint((column, row) => colourOf(bit(now, step, row, column + 1)));
    mark.style.left = `${(100 * (chosen - 1)) / nNodes}%`;
    mark.style.width = `${100 / nNodes}%`;
    const held = concepts.map((name, index) => `${name} ${decimal(bit(now, step, index, chosen))}`);
    readout.textContent = `${model.get("architecture")}, network ${replicate + 1}, epoch ${epochs[now]}, step ${step}: `
      + `accuracy ${decimal(accuracy[now])}. Node ${chosen}: ${held.join(", ")} bits.`;
    drawMap();
  }

  draw();
  const size = new ResizeObserver(drawMap);
  size.observe(cloud.root);
  const ends = [
    onTraits(model, ["task", "architecture", "network", "colour", "moment", "time", "node"], draw),
    onThemeChange(() => { colours = palette(); draw(); }),
    () => play.stop(),
    () => size.disconnect(),
  ];
  root.setAttribute("data-ready", "");
  return () => ends.forEach((end) => end());
}

export default { render };
