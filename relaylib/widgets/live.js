// Live network: a trained network runs in the page; its inputs and knocked-out nodes can be chosen.

const BEAT = 700; // milliseconds per delay when playing
const RANGE = 1; // outputs, and the states of RNN and GRU, lie in [-1, 1]

/** Cut the model's binary data into tasks and networks, one for each condition and replicate. */
async function unpack(model) {
  const contents = model.get("contents");
  const { replicates } = contents;
  const floats = new Float32Array((await unzipped(model.get("floats"))).buffer);
  const halves = halfFloats(await unzipped(model.get("halves")));
  const cut = (values, [start, end], part = 0, parts = 1) => {
    const size = (end - start) / parts;
    return values.subarray(start + part * size, start + (part + 1) * size);
  };
  const tasks = contents.tasks.map((task) => ({
    ...task, inputs: cut(floats, task.inputs), targets: cut(floats, task.targets),
  }));
  const networks = contents.networks.flatMap((condition) => replicates.map((replicate, part) => {
    const own = (values, place) => cut(values, place, part, replicates.length);
    const weights = Object.entries(condition.weights).map(([name, place]) => [name, own(floats, place)]);
    return {
      ...condition, replicate, weights: Object.fromEntries(weights),
      bits: own(halves, condition.bits), order: own(halves, condition.order),
    };
  }));
  return { ...contents, tasks, networks };
}

/** Numbers of the sequences whose targets are `concepts`. */
function sequencesWith(task, concepts) {
  const all = Array.from({ length: task.shape[0] }, (_, sequence) => sequence);
  return all.filter((sequence) =>
    concepts.every((value, index) => task.targets[sequence * concepts.length + index] === value));
}

/** Fraction of sequences answered with the right sign, per concept, when read at step `time`. */
function accuracies(task, run, nTimes, time) {
  const nConcepts = task.concepts.length;
  const right = new Array(nConcepts).fill(0);
  for (let sequence = 0; sequence < task.shape[0]; sequence++) {
    for (let concept = 0; concept < nConcepts; concept++) {
      const output = run.outputs[(sequence * nTimes + time - 1) * nConcepts + concept];
      right[concept] += output > 0 === task.targets[sequence * nConcepts + concept] > 0;
    }
  }
  return right.map((count) => count / task.shape[0]);
}

/** The nodes (from 1) in relay order at a step, the most relaying first. */
function relayOrder(network, [, nConcepts, nNodes], time, concept) {
  const start = ((time - 1) * nConcepts + concept) * nNodes;
  return [...network.order.subarray(start, start + nNodes)].reverse();
}

/** Twice the root mean square: few values are larger. */
function usual(values) {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.max(2 * Math.sqrt(squares / values.length), 1e-3);
}

async function render({ model, el }) {
  const { tasks, networks, relay_shape: shape, n_times: nTimes, replicates } = await unpack(model);
  const [nMeasured, nConcepts, nNodes] = shape;
  const root = el.appendChild(element("div", { class: "relay live", style: `--concepts:${nConcepts}`, role: "group", "aria-label": "Live network" }));
  const change = (values) => { model.set(values); model.save_changes(); };
  const levels = (name) => [...new Set(networks.map((network) => network[name]))].map((value) => [value, value]);
  const theTask = () => tasks.find(({ name }) => name === model.get("task"));
  const theNetwork = () => networks.find((network) =>
    ["task", "architecture", "regime", "replicate"].every((name) => network[name] === model.get(name)));
  const guideStep = () => Math.min(model.get("knock_step"), nMeasured);

  // knocking out: single nodes, or the most relaying ones of a concept
  let [most, mostOf] = [0, 0];
  function mostRelaying() {
    const order = relayOrder(theNetwork(), shape, guideStep(), mostOf).slice(0, most);
    return Array.from({ length: nNodes }, (_, index) => (order.includes(index + 1) ? model.get("knock_step") : 0));
  }
  function toggle(node, step = model.get("knock_step")) {
    const knocked = [...model.get("knocked")];
    const again = knocked[node - 1] === step || (knocked[node - 1] && step === model.get("knock_step"));
    knocked[node - 1] = again ? 0 : step;
    most = 0;
    change({ knocked });
  }
  /** Another network: its own relay order decides which nodes are out. */
  function switchTo(values) {
    model.set(values);
    change({ knocked: mostRelaying() });
  }

  const task = choice("Task", levels("task"), (value) => switchTo({ task: value, variant: 0 }));
  const architecture = choice("Architecture", levels("architecture"), (value) => switchTo({ architecture: value }));
  const regime = choice("Trained with delay", levels("regime"), (value) => switchTo({ regime: value }));
  const replicate = choice("Network", replicates.map((value) => [value, String(value + 1)]), (value) => switchTo({ replicate: value }));
  const conceptRow = element("div", { class: "controls" });
  const variant = slider("Start", 0, 0, (value) => change({ variant: value }));
  const delay = slider("Delay (blank steps before the answer)", 0, nTimes - tasks[0].shape[1], (value) => change({ delay: value }));
  const play = player("through the delays", BEAT, (begin) => {
    const next = model.get("delay") + 1;
    if (next > nTimes - theTask().shape[1] && !begin) return false;
    change({ delay: next > nTimes - theTask().shape[1] ? 0 : next });
    return true;
  }, (playing) => summary.setAttribute("aria-live", playing ? "off" : "polite"));
  const knockStep = slider("Knock out at step", 1, nMeasured, (value) => {
    model.set({ knock_step: value });
    change(most ? { knocked: mostRelaying() } : {});
  });
  const mostSlider = slider("Knock out the most relaying", 0, nNodes, (value) => { most = value; change({ knocked: mostRelaying() }); });
  const mostChoice = element("div");
  const restore = element("button", { type: "button" }, "Restore all nodes");
  restore.addEventListener("click", () => { most = 0; change({ knocked: new Array(nNodes).fill(0) }); });

  const [inputs, answers] = [element("div"), timeMap(nTimes, nConcepts, "answers")];
  const inputMaps = new Map(tasks.map(({ name, shape: sizes }) => [name, timeMap(nTimes, sizes[2], "inputs")]));
  const look = element("p", { class: "look" });
  const nodes = nodesView(nTimes, shape, toggle, (node, time) => drawLook(node, time));
  const answerNames = element("div", { class: "labels answers" });
  const [guideNames, guideTitle] = [element("div", { class: "guide head" }), element("p")];
  const label = (text) => element("span", { class: "label" }, text);
  const results = resultsView(nConcepts);
  const fullColour = element("span");
  const summary = element("p", { class: "unseen", "aria-live": "polite" });
  root.append(
    element("div", { class: "controls" }, task.root, architecture.root, regime.root, replicate.root),
    conceptRow,
    tableOf([
      [label("step"), timeAxis(nTimes)],
      [label("input"), inputs, element("div", { class: "guide-title" }, guideTitle, guideNames)],
      [nodes.labels, nodes.map.root, nodes.guide],
      [answerNames, answers.root],
      [element("span"), look],
    ]),
    element("div", { class: "controls" }, knockStep.root, mostSlider.root, mostChoice, restore),
    results.root, summary, legend(fullColour));
  root.lastChild.append(" ", saver("states", savedRows));

  let [run, runOf, limit, colours] = [null, "", 1, palette()];
  let conceptChoices = [];
  let mostChoices = null;
  let looked = [0, 0];
  let [sequence, states] = [0, null];

  /** Create the controls that depend on the task. */
  function nameConcepts() {
    const { name, concepts, values } = theTask();
    conceptChoices = concepts.map((concept, index) =>
      choice(concept, [[-1, values[index][0]], [1, values[index][1]]], (value) =>
        change({ concepts: model.get("concepts").map((old, place) => (place === index ? value : old)) })));
    conceptRow.replaceChildren(...conceptChoices.map(({ root: part }) => part), delay.root, play.root, variant.root);
    mostChoices = choice("of concept", concepts.map((concept, index) => [index, concept]), (value) => {
      mostOf = value;
      change({ knocked: most ? mostRelaying() : model.get("knocked") });
    });
    mostChoice.replaceChildren(mostChoices.root);
    answerNames.replaceChildren(...concepts.map((concept) => element("span", {}, concept)));
    guideNames.replaceChildren(...concepts.map((concept) => element("span", { title: concept }, concept)));
    inputs.replaceChildren(inputMaps.get(name).root);
  }

  /** Run the population again if the network or its knocked-out nodes changed. */
  function update() {
    const [network, current] = [theNetwork(), theTask()];
    const key = JSON.stringify([networks.indexOf(network), model.get("knocked")]);
    if (key === runOf) return;
    network.inputSums ??= sumInputs(network.weights, current.inputs, current.shape);
    run = forward(network.architecture, network.weights, network.inputSums, current.shape, nTimes, model.get("knocked"));
    limit = network.state === "cell" ? usual(run.cell) : RANGE;
    runOf = key;
  }

  const state = (node, time) => states[(sequence * nTimes + time - 1) * nNodes + node - 1];
  function drawLook(node, time) {
    looked = [node, time];
    look.textContent = node ? `node ${node}, step ${time}: ${decimal(state(node, time))}` : "Point at a cell, or tap it, to read a state.";
  }

  /** The states and answers of the sequence that is shown, at every step. */
  function savedRows() {
    const [head, rows] = [["task", "architecture", "delay", "network", "what", "name", "step", "value"], []];
    const of = [model.get("task"), model.get("architecture"), model.get("regime"), model.get("replicate") + 1];
    for (let time = 1; time <= nTimes; time++) {
      for (let node = 1; node <= nNodes; node++) rows.push([...of, "state", `node ${node}`, time, state(node, time)]);
      theTask().concepts.forEach((name, concept) =>
        rows.push([...of, "answer", name, time, run.outputs[(sequence * nTimes + time - 1) * nConcepts + concept]]));
    }
    return [head, ...rows];
  }

  let guideOf = null;
  function drawGuide(network, concepts) {
    const key = JSON.stringify([networks.indexOf(network), guideStep(), colours]);
    if (key === guideOf) return;
    guideOf = key;
    guideTitle.textContent = `Relay rank at step ${guideStep()}`;
    const colourOf = (bits) => shade(bits, 1, colours.none, colours.some, colours.less);
    nodes.drawGuide(network, concepts, guideStep(), colourOf);
  }

  let namedFor = null;
  function draw() {
    if (namedFor !== model.get("task")) nameConcepts();
    namedFor = model.get("task");
    update();
    const [current, network] = [theTask(), theNetwork()];
    const answerStep = current.shape[1] + model.get("delay");
    for (const [control, name] of [[task, "task"], [architecture, "architecture"], [regime, "regime"], [replicate, "replicate"]]) {
      control.show(model.get(name));
    }
    conceptChoices.forEach((control, index) => control.show(model.get("concepts")[index]));
    const variants = sequencesWith(current, model.get("concepts"));
    const chosen = Math.min(model.get("variant"), variants.length - 1);
    [sequence, states] = [variants[chosen], run[network.state]];
    variant.root.hidden = variants.length < 2;
    variant.limits(0, variants.length - 1);
    variant.show(chosen);
    delay.show(model.get("delay"));
    knockStep.show(model.get("knock_step"));
    mostSlider.show(most);
    mostChoices.show(mostOf);

    const signedColour = (value, full) => shade(value, full, colours.none, colours.plus, colours.minus);
    const inputMap = inputMaps.get(current.name);
    const nInputs = current.shape[2];
    inputMap.paint((column, row) => signedColour(column < current.shape[1]
      ? current.inputs[(sequence * current.shape[1] + column) * nInputs + row] : 0, 1));
    nodes.map.paint((column, row) => signedColour(state(row + 1, column + 1), limit));
    const output = (time, concept) => run.outputs[(sequence * nTimes + time - 1) * nConcepts + concept];
    answers.paint((column, row) => signedColour(output(column + 1, row), RANGE));
    for (const map of [inputMap, nodes.map, answers]) map.mark(current.shape[1], answerStep);
    nodes.drawKnocked(model.get("knocked"));
    fullColour.textContent = decimal(limit, 1);
    drawGuide(network, current.concepts);
    const read = current.concepts.map((_, concept) => output(answerStep, concept));
    const accuracy = accuracies(current, run, nTimes, answerStep);
    results.draw(current, model.get("concepts"), read, accuracy);
    drawLook(...looked);
    summary.textContent = `Network ${model.get("replicate") + 1}, step ${answerStep}: `
      + current.concepts.map((name, concept) => `${name} ${signed(read[concept])}`).join(", ")
      + `. Over all ${current.shape[0]} sequences: `
      + current.concepts.map((name, concept) => `${name} ${percent(accuracy[concept])}`).join(", ");
  }

  draw();
  const traits = ["task", "architecture", "regime", "replicate", "concepts", "variant", "delay", "knocked", "knock_step"];
  const ends = [onTraits(model, traits, draw), onThemeChange(() => { colours = palette(); draw(); }), () => play.stop()];
  root.setAttribute("data-ready", "");
  return () => ends.forEach((end) => end());
}

export { forward, sumInputs, unpack };
export default { render };
