// Three nodes: what each set of them relays about a fact, computed from all cases.

const KINDS = ["copy", "cipher", "key", "noise"];
const SAID = {
  copy: "the fact itself",
  cipher: "the fact if the key is 0, its opposite if the key is 1",
  key: "a coin that the cipher uses",
  noise: "a coin of its own",
};

/** All cases: the fact, and what each node holds. */
function casesOf(nodes) {
  const cases = [];
  for (let number = 0; number < 2 ** (2 + nodes.length); number++) {
    const [fact, key, ...coins] = Array.from({ length: 2 + nodes.length }, (_, bit) => (number >> bit) & 1);
    const held = { copy: fact, cipher: fact ^ key, key };
    cases.push({ fact, states: nodes.map((kind, node) => held[kind] ?? coins[node]) });
  }
  return cases;
}

/** Bits of the fact that are left to know, given the states of some nodes: H(fact | nodes). */
function bitsLeft(cases, chosen) {
  const counts = new Map();
  for (const { fact, states } of cases) {
    const key = chosen.map((node) => states[node]).join("");
    const count = counts.get(key) ?? [0, 0];
    count[fact] += 1;
    counts.set(key, count);
  }
  let bits = 0;
  for (const count of counts.values()) {
    const all = count[0] + count[1];
    for (const each of count) if (each) bits -= (each / cases.length) * Math.log2(each / all);
  }
  return bits;
}

/** Relay information of a set: what fact and answer share given the others, less given all nodes. */
function relayed(cases, set, nNodes) {
  const all = Array.from({ length: nNodes }, (_, node) => node);
  return bitsLeft(cases, all.filter((node) => !set.includes(node))) - bitsLeft(cases, all);
}

/** The sets that contain no other one. */
function smallest(sets) {
  return sets.filter((set) => !sets.some((other) => other !== set && other.every((node) => set.includes(node))));
}

/** What it means that these sets, and no smaller ones, relay the fact. */
function inWords(sets) {
  if (!sets.length) return "No set relays the fact: no nodes hold it.";
  const names = sets.map((set) => `${set.length > 1 ? "nodes" : "node"} ${set.map((node) => node + 1).join(" and ")}`);
  return `Without ${names.join(", or without ")}, the others cannot tell the fact.`
    + (sets.some((set) => set.length > 1) ? " Nodes named together relay it only together: each alone can be replaced by the others." : "");
}

function render({ model, el }) {
  const nodes = () => model.get("nodes");
  const root = el.appendChild(element("div", { class: "relay toy", role: "group", "aria-label": "Three nodes" }));
  const change = (place, kind) => {
    model.set("nodes", nodes().map((each, node) => (node === place ? kind : each)));
    model.save_changes();
  };
  const choices = nodes().map((_, place) =>
    choice(`Node ${place + 1} holds`, KINDS.map((kind) => [kind, kind]), (kind) => change(place, kind)));
  const meaning = element("ul", { class: "meaning" }, ...KINDS.map((kind) =>
    element("li", {}, element("strong", {}, kind), `: ${SAID[kind]}`)));
  const sets = Array.from({ length: 2 ** nodes().length }, (_, set) => nodes().map((_, node) => node).filter((node) => (set >> node) & 1))
    .sort((a, b) => a.length - b.length);
  const rows = sets.map((set) => {
    const [bar, value] = [element("span", { class: "bar" }), element("td", { class: "number" })];
    const name = set.length ? `node${set.length > 1 ? "s" : ""} ${set.map((node) => node + 1).join(", ")}` : "no node";
    return { set, bar, value, row: element("tr", {}, element("th", { scope: "row" }, name), element("td", { class: "track" }, bar), value) };
  });
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  root.append(
    element("div", { class: "controls" }, ...choices.map(({ root: each }) => each)),
    meaning,
    element("table", {}, element("caption", {}, "Bits of the fact that each set relays"), element("tbody", {}, ...rows.map(({ row }) => row))),
    readout);

  function draw() {
    const cases = casesOf(nodes());
    choices.forEach((each, place) => each.show(nodes()[place]));
    const found = rows.map(({ set }) => relayed(cases, set, nodes().length));
    rows.forEach(({ bar, value }, index) => {
      bar.style.width = `${100 * found[index]}%`;
      value.textContent = decimal(found[index]);
    });
    readout.textContent = inWords(smallest(rows.filter((_, index) => found[index] > 1 - 1e-9).map(({ set }) => set)));
  }

  const end = onTraits(model, ["nodes"], draw);
  draw();
  root.setAttribute("data-ready", "");
  return end;
}

export default { render };
