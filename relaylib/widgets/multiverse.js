// Multiverse explorer: universes with the chosen levels, or the nearest, and the claims in them.

const COMMA = new Intl.NumberFormat("en");

/** The value below which a part of sorted numbers lies, with linear interpolation. */
function quantile(sorted, part) {
  const place = part * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/** A labelled list of levels, the first of which is "any". */
function levelList({ name, levels }, choose) {
  const select = element("select", { "aria-label": name },
    element("option", { value: "" }, "any"),
    ...levels.map((level, index) => element("option", { value: level }, index ? level : `${level} (default)`)));
  select.addEventListener("change", () => choose(name, select.value));
  return {
    root: element("label", { class: "control" }, element("span", { class: "name" }, name), select),
    show(level) {
      select.value = level ?? "";
      select.classList.toggle("set", Boolean(level));
    },
  };
}

/** Pick universes for claims: returns pick(claim, chosen) -> {used, nExact, isNearest, differ}. */
function picker(contents, levels, verdicts) {
  const { choices, claims, fewest } = contents;
  const nChoices = choices.length;
  const n = levels.length / nChoices;
  return (claim, fixed) => {
    const { weights } = claims[claim];
    const distances = new Float64Array(n);
    const judged = [];
    const exact = [];
    for (let universe = 0; universe < n; universe++) {
      let distance = 0;
      for (const [choice, level] of fixed) {
        if (levels[universe * nChoices + choice] !== level) distance += weights[choice];
      }
      distances[universe] = distance;
      if (verdicts[universe * claims.length + claim] === 0) continue; // not judged
      judged.push(universe);
      if (distance === 0) exact.push(universe);
    }
    if (exact.length >= Math.min(fewest, judged.length)) return { used: exact, isNearest: false, differ: 0 };
    const sorted = Float64Array.from(judged, (universe) => distances[universe]).sort();
    const limit = sorted[Math.min(fewest, sorted.length) - 1] + 1e-9; // with all that are as near
    const used = judged.filter((universe) => distances[universe] <= limit);
    const differing = (universe) => fixed.filter(([choice, level]) => levels[universe * nChoices + choice] !== level).length;
    const differ = used.reduce((sum, universe) => sum + differing(universe), 0) / used.length;
    return { used, isNearest: true, differ };
  };
}

/** One claim: its name, a bar of verdicts and what it says in words. */
function claimLine({ id, text }, names) {
  const parts = names.slice(1).reverse().map((name) => element("span", { class: name.replace(" ", "-") }));
  const bar = element("div", { class: "bar", "aria-hidden": "true" }, ...parts);
  const shares = element("p", { class: "shares" });
  const size = element("p", { class: "size" });
  const here = element("p", { class: "here" });
  return {
    root: element("li", { "data-claim": id }, element("p", { class: "claim" }, element("b", {}, id), ` ${text}`), bar,
      element("div", { class: "words" }, shares, size, here)),
    show(fractions, words) {
      parts.forEach((part, index) => { part.style.width = `${100 * fractions[index]}%`; });
      [shares.textContent, size.textContent, here.textContent] = words;
    },
  };
}

function render({ model, el }) {
  const contents = model.get("contents");
  const { choices, claims, seeds, singles, fewest } = contents;
  const names = contents.verdicts;
  const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const levels = bytes(model.get("levels"));
  const verdicts = bytes(model.get("verdicts"));
  const estimates = halfFloats(model.get("estimates"));
  const n = levels.length / choices.length;
  const pick = picker(contents, levels, verdicts);
  const change = (chosen) => { model.set("chosen", chosen); model.save_changes(); };
  const set = (name, level) => {
    const { [name]: _, ...others } = model.get("chosen");
    change(level ? { ...others, [name]: level } : others);
  };

  const lists = choices.map((each) => levelList(each, set));
  const group = (kind, title) => element("fieldset", { class: "kind" }, element("legend", {}, title),
    element("div", { class: "controls" }, ...lists.filter((_, index) => choices[index].kind === kind).map(({ root }) => root)));
  const clear = element("button", { type: "button" }, "Any level everywhere");
  const defaults = element("button", { type: "button" }, "All defaults");
  clear.addEventListener("click", () => change({}));
  defaults.addEventListener("click", () => change(Object.fromEntries(choices.map(({ name, levels: [first] }) => [name, first]))));
  const summary = element("p", { class: "summary", "aria-live": "polite" });
  const lines = claims.map((claim) => claimLine(claim, names));
  let table = [];
  const save = saver("multiverse", () => table);
  const root = el.appendChild(element("div", { class: "relay multiverse", role: "group", "aria-label": "Multiverse explorer" },
    group("training", "Training"), group("analysis", "Analysis"),
    element("div", { class: "controls" }, clear, defaults, save), summary,
    element("ul", { class: "claims" }, ...lines.map((line) => line.root)),
    element("p", { class: "legend" },
      element("span", { class: "key reproduced" }), "reproduced ", element("span", { class: "key partly" }), "partly ",
      element("span", { class: "key not-reproduced" }), "not reproduced. Estimates are minus their null, so that 0 is no effect: median and middle 80 % of the universes.")));

  /** Verdict and estimate of the universe itself, where it is a single deviation or the default. */
  function itself(fixed, claim) {
    const differing = fixed.filter(([, level]) => level > 0);
    if (fixed.length < choices.length || differing.length > 1) return "";
    const [choice, level] = differing[0] ?? [];
    const single = singles[differing.length ? `${choices[choice].name}: ${choices[choice].levels[level]}` : "default"];
    if (!single) return "";
    const said = seeds.map((seed, index) => {
      const estimate = single.estimate[index][claim];
      const number = estimate === null ? "" : `, ${decimal(estimate)}`;
      return `${names[single.verdict[index][claim]]}${number} (seed ${seed})`;
    });
    return `This universe itself: ${said.join("; ")}.`;
  }

  function redraw() {
    const chosen = model.get("chosen");
    const fixed = choices.flatMap(({ name, levels: known }, index) => (chosen[name] ? [[index, known.indexOf(chosen[name])]] : []));
    choices.forEach(({ name }, index) => lists[index].show(chosen[name]));
    let nExact = 0;
    for (let universe = 0; universe < n; universe++) {
      nExact += fixed.every(([choice, level]) => levels[universe * choices.length + choice] === level);
    }
    table = [["claim", "universes", "nearest", "reproduced", "partly", "not_reproduced", "median", "low", "high"]];
    let nearest = 0;
    claims.forEach(({ id }, claim) => {
      const { used, isNearest, differ } = pick(claim, fixed);
      nearest += isNearest;
      const counts = names.map((_, verdict) => used.filter((universe) => verdicts[universe * claims.length + claim] === verdict).length);
      const fractions = counts.slice(1).reverse().map((count) => (used.length ? count / used.length : 0));
      const values = Float32Array.from(used, (universe) => estimates[universe * claims.length + claim]).filter(Number.isFinite).sort();
      const [median, low, high] = [0.5, 0.1, 0.9].map((part) => (values.length ? quantile(values, part) : NaN));
      const which = isNearest ? `the nearest ${used.length}, which differ in ${decimal(differ, 1)} of these choices` : `${COMMA.format(used.length)} universes`;
      const shares = names.slice(1).reverse().map((name, index) => `${name} ${decimal(100 * fractions[index], 0)} %`);
      const size = values.length ? `Estimate ${decimal(median)} (${decimal(low)} to ${decimal(high)}).` : "";
      const said = used.length ? `${shares.join(", ")} of ${which}.` : "It was judged in no universe.";
      lines[claim].show(fractions, [said, size, itself(fixed, claim)]);
      table.push([id, used.length, isNearest, ...fractions, median, low, high]);
    });
    const have = fixed.length ? `${COMMA.format(nExact)} of ${COMMA.format(n)} computed universes have the ${fixed.length} chosen levels.` : `All ${COMMA.format(n)} computed universes.`;
    const near = nearest ? ` For ${nearest} of ${claims.length} claims these are fewer than ${fewest}, and at least the ${fewest} nearest are shown.` : "";
    summary.textContent = have + near;
  }
  redraw();
  root.dataset.ready = "";
  const end = onTraits(model, ["chosen"], redraw);
  return () => end();
}

export default { render };
