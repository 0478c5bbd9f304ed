// Parts of the live network: maps over time, nodes, results.

const signed = (value, digits) => (value > 0 ? "+" : "") + decimal(value, digits);
const percent = (fraction) => `${decimal(100 * fraction, fraction === 1 ? 0 : 1)} %`;

/** A map over time that marks the blank steps and the step at which the answer is read. */
function timeMap(nTimes, rows, kind) {
  const map = heatMap(nTimes, rows, { class: `map ${kind}` });
  const later = map.root.appendChild(element("span", { class: "marker later" }));
  const read = map.root.appendChild(element("span", { class: "marker read" }));
  const blank = map.root.appendChild(element("span", { class: "marker blank" }));
  return { ...map, mark(nSteps, answerStep) {
    blank.style.left = `${(100 * nSteps) / nTimes}%`;
    read.style.left = `${(100 * (answerStep - 1)) / nTimes}%`;
    read.style.width = `${100 / nTimes}%`;
    later.style.left = `${(100 * answerStep) / nTimes}%`;
  } };
}

/** One button per node, its states over time, and its relay rank for each concept. */
function nodesView(nTimes, [, nConcepts, nNodes], toggle, look) {
  const nodes = Array.from({ length: nNodes }, (_, index) => index + 1);
  const map = timeMap(nTimes, nNodes, "nodes");
  const buttons = nodes.map((node) => {
    const button = element("button", { type: "button" }, element("span", {}, String(node)));
    button.addEventListener("click", () => toggle(node));
    return button;
  });
  const marks = nodes.map(() => map.root.appendChild(element("span", { class: "marker knock" }, "\u2715")));
  const ranks = nodes.map(() => Array.from({ length: nConcepts }, () => element("b")));
  let read = ""; // a finger cannot point: the first tap on a cell reads it, the second knocks out
  map.root.addEventListener("click", (event) => {
    const cell = map.cellAt(event);
    if (!cell) return;
    const again = read === String(cell);
    read = String(cell);
    look(cell[1] + 1, cell[0] + 1);
    if (event.pointerType !== "touch" || again) toggle(cell[1] + 1, cell[0] + 1);
  });
  map.root.addEventListener("pointermove", (event) => {
    const cell = map.cellAt(event);
    if (cell && event.pointerType !== "touch") look(cell[1] + 1, cell[0] + 1);
  });
  map.root.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") look(0, 0);
  });
  return {
    map,
    labels: element("div", { class: "labels nodes" }, ...buttons),
    guide: element("div", { class: "guide nodes", "aria-hidden": "true" }, ...ranks.flat()),
    drawKnocked(knocked) {
      knocked.forEach((step, index) => {
        buttons[index].setAttribute("aria-pressed", step > 0);
        marks[index].hidden = !step;
        marks[index].style.left = `${(100 * (step - 0.5)) / nTimes}%`;
        marks[index].style.top = `${(100 * (index + 0.5)) / nNodes}%`;
      });
    },
    drawGuide(network, concepts, time, colourOf) {
      const orders = concepts.map((_, concept) => relayOrder(network, [0, nConcepts, nNodes], time, concept));
      nodes.forEach((node, row) => {
        ranks[row].forEach((square, concept) => {
          const bits = network.bits[((time - 1) * nConcepts + concept) * nNodes + row];
          square.textContent = orders[concept].indexOf(node) + 1;
          square.style.backgroundColor = `rgb(${colourOf(bits)})`;
          square.style.color = readable(colourOf(bits));
        });
        const text = concepts.map((name, concept) => `${name} ${orders[concept].indexOf(node) + 1}`);
        buttons[row].setAttribute("aria-label", `Knock out node ${node} (relay rank: ${text.join(", ")})`);
      });
    },
  };
}

/** Table of the target, the answer and the accuracy over the population: one column per concept. */
function resultsView(nConcepts) {
  const cells = (tag) => Array.from({ length: nConcepts }, () => element(tag));
  const [names, asked, answered, fractions] = [cells("th"), cells("td"), cells("td"), cells("td")];
  const [corner, total, everyone] = [element("td"), element("td"), element("th", { scope: "row" })];
  names.forEach((name) => name.setAttribute("scope", "col"));
  const row = (head, ...rest) => element("tr", {}, head, ...rest);
  const head = (text) => element("th", { scope: "row" }, text);
  const answers = element("td");
  const root = element("table", { class: "results" },
    row(corner, ...names, element("th", { scope: "col" }, "all")),
    row(head("asked"), ...asked, element("td")),
    row(head("answered"), ...answered, answers),
    row(everyone, ...fractions, total));
  return {
    root,
    draw(task, concepts, outputs, accuracy) {
      const rights = outputs.map((output, index) => output > 0 === concepts[index] > 0);
      names.forEach((name, index) => { name.textContent = task.concepts[index]; });
      concepts.forEach((value, index) => {
        asked[index].textContent = task.values[index][value > 0 ? 1 : 0];
        answered[index].textContent = `${signed(outputs[index])} ${rights[index] ? "\u2713" : "\u2717"}`;
        answered[index].className = rights[index] ? "right" : "wrong";
      });
      answers.textContent = `${rights.filter(Boolean).length} of ${rights.length}`;
      everyone.textContent = `right in all ${task.shape[0]} sequences`;
      [...accuracy, accuracy.reduce((a, b) => a + b, 0) / accuracy.length].forEach((fraction, index) => {
        const cell = index < accuracy.length ? fractions[index] : total;
        cell.textContent = percent(fraction);
        cell.style.setProperty("--fraction", fraction);
        cell.className = "fraction";
      });
    },
  };
}

function legend(fullColour) {
  return element("p", { class: "legend" },
    element("span", { class: "ramp", "aria-hidden": "true" }),
    "negative \u2026 0 \u2026 positive; full colour of a state at \u00b1", fullColour, ", of an answer at \u00b11. ",
    "Framed: the step at which the answer is read. Relay rank 1 = relays most; the bluer, the more bits. "
    + "Click a cell to set that node\u2019s state to 0 just after that step; on a touch screen, tap it twice (the first tap reads it).");
}

/** A table: each row has a label, content over time, and optionally a part on the right. */
function tableOf(rows) {
  const root = element("div", { class: "grid" });
  for (const [left, middle, right] of rows) root.append(left, middle, right ?? element("span"));
  return root;
}
