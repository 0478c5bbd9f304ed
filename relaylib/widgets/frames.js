// Pictures to leaf through: one at a time, with a slider and a play button.

const BEAT = 900; // milliseconds per picture when playing

function render({ model, el }) {
  const pictures = model.get("pictures");
  const [label, start] = [model.get("label"), model.get("start")];
  const root = el.appendChild(element("div", { class: "relay frames", role: "group", "aria-label": `Pictures by ${label}` }));
  const change = (index) => { model.set("index", index); model.save_changes(); };
  const position = slider(label, 0, pictures.length - 1, change);
  const words = element("p", { class: "words", "aria-live": "polite" });
  const images = pictures.map(({ png, text }) => element("img", { src: `data:image/png;base64,${png}`, alt: text }));
  const play = player(`through the pictures`, BEAT, (begin) => {
    const next = model.get("index") + 1;
    if (next === pictures.length && !begin) return false;
    change(next % pictures.length);
    return true;
  }, (playing) => words.setAttribute("aria-live", playing ? "off" : "polite"));
  root.append(element("div", { class: "controls" }, play.root, position.root), words, element("div", { class: "pictures" }, ...images));

  function draw() {
    const index = model.get("index");
    position.show(index, String(start + index));
    words.textContent = pictures[index].text;
    images.forEach((image, place) => { image.hidden = place !== index; });
  }

  const end = onTraits(model, ["index"], draw);
  draw();
  root.setAttribute("data-ready", "");
  return () => { play.stop(); end(); };
}

export default { render };
