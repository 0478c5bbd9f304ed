// Parts of the relay explorer: matrix, panels and drift of one network.

const asText = (r) => (Number.isNaN(r) ? "\u2013" : decimal(r));

/** The matrix of one network, concepts x nodes: squares, and a slider over the nodes for the keyboard. */
function matrixView(key, [, nConcepts, nNodes], choose) {
  const squares = [];
  const root = element("div", {
    class: "matrix", style: `--columns:${nNodes};--rows:${nConcepts}`, tabindex: 0, role: "slider",
    "aria-valuemin": 0, "aria-valuemax": nNodes,
  });
  for (let node = 1; node <= nNodes; node++) root.append(element("i", { "data-node": node }, String(node)));
  for (let concept = 0; concept < nConcepts; concept++) {
    for (let node = 1; node <= nNodes; node++) squares.push(element("b", { "data-node": node }));
  }
  root.append(...squares);
  for (const gesture of ["pointerdown", "pointermove"]) {
    root.addEventListener(gesture, (event) => {
      const node = Number(event.target.dataset.node);
      if (node) choose(key, () => node);
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
    choose(key, keys[event.key]);
  });
  root.addEventListener("focus", () => choose(key, (node) => node || 1));
  return {
    root,
    name: (title) => root.setAttribute("aria-label", `Node of the ${title}`),
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
function panelView(key, [nTimes, , nNodes], choose, seek) {
  const map = heatMap(nTimes, nNodes, { class: "map panel" });
  const cursor = map.root.appendChild(element("span", { class: "marker moving cursor" }));
  const row = map.root.appendChild(element("span", { class: "marker chosen-row" }));
  const onset = map.root.appendChild(element("span", { class: "marker onset" }));
  for (const gesture of ["pointerdown", "pointermove"]) {
    map.root.addEventListener(gesture, (event) => {
      const cell = map.cellAt(event);
      if (cell) choose(key, () => cell[1] + 1);
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

/** Everything shown of one network: a column of the table, whose key goes to choose(). */
function columnView(key, study, choose, seek) {
  const nConcepts = study.shape[1];
  const matrix = matrixView(key, study.shape, choose);
  const panels = Array.from({ length: nConcepts }, () => panelView(key, study.shape, choose, seek));
  const drift = driftView(study.shape[0]);
  const [now, mean] = [element("output", { class: "number" }), element("output", { class: "number" })];
  const title = element("strong", { class: "title" });
  return {
    cells: [title, matrix.root, ...panels.map((panel) => panel.root), timeAxis(study.shape[0]), drift.root, now, mean],
    /** A new network: everything that does not depend on the step. */
    drawNetwork({ title: text, matrices, answerStep }, colourOf) {
      title.textContent = text;
      matrix.name(text);
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
