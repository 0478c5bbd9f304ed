// Shows the widgets of a page from the state that its notebook saved: no kernel, no library.
// What a reader chooses is kept in the address, so that a link or a reload shows it again.
(function () {
  const STATE = 'application/vnd.jupyter.widget-state+json';
  const VIEW = 'application/vnd.jupyter.widget-view+json';

  function bytes(base64) {
    return new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
  }

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  /** What anywidget gives to a widget: its traits, and news of their changes. */
  function modelOf({state, buffers = []}) {
    const traits = {...state};
    for (const {path, data} of buffers) traits[path[0]] = bytes(data);
    const listeners = [];
    return {
      get: (name) => traits[name],
      set(name, value) {
        const news = typeof name === 'string' ? {[name]: value} : name;
        const changed = Object.keys(news).filter((key) => !same(traits[key], news[key]));
        Object.assign(traits, news);
        for (const key of changed) {
          for (const [event, hear] of [...listeners]) if (event === `change:${key}`) hear();
        }
      },
      save_changes() {},
      on: (event, hear) => listeners.push([event, hear]),
      off(event, hear) {
        const place = listeners.findIndex((one) => one[0] === event && one[1] === hear);
        if (place >= 0) listeners.splice(place, 1);
      },
    };
  }

  /** What can be chosen: numbers, words and short lists; not the data. */
  function choicesOf(state) {
    return Object.keys(state).filter((name) => !name.startsWith('_') && name !== 'layout'
      && (['number', 'string'].includes(typeof state[name]) || Array.isArray(state[name]))
      && JSON.stringify(state[name]).length < 200);
  }

  const inAddress = () => new URLSearchParams(/^#\w+\.\w+=/.test(location.hash) ? location.hash.slice(1) : '');

  /** Set what the address says, if it is of the right type; keep the address up to date. */
  function link(model, state, kind) {
    for (const name of choicesOf(state)) {
      const key = `${kind}.${name}`;
      try {
        const value = JSON.parse(inAddress().get(key));
        if (value !== null && typeof value === typeof state[name]) model.set(name, value);
      } catch { /* not ours: the page shows what it would without */ }
      model.on(`change:${name}`, () => {
        const words = inAddress();
        if (same(model.get(name), state[name])) words.delete(key);
        else words.set(key, JSON.stringify(model.get(name)));
        history.replaceState(null, '', `${location.pathname}${location.search}${words.size ? `#${words}` : ''}`);
      });
    }
  }

  async function show(script, entries) {
    const entry = entries[JSON.parse(script.textContent).model_id];
    const {_esm: code, _css: style, _anywidget_id: id} = entry.state;
    const place = document.createElement('div');
    place.className = 'widget-subarea';
    const sheet = document.createElement('style');
    sheet.textContent = style;
    document.head.append(sheet);
    script.after(place);
    const url = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
    const {default: widget} = await import(url);
    URL.revokeObjectURL(url);
    const kind = id.split('.').at(-1);
    const model = modelOf(entry);
    link(model, entry.state, kind);
    try {
      await widget.render({model, el: place});
    } catch (error) { // a value in the address that the widget does not have
      if (!inAddress().size) throw error;
      for (const name of choicesOf(entry.state)) model.set(name, entry.state[name]);
      place.replaceChildren();
      await widget.render({model, el: place});
    }
    if (location.hash.startsWith(`#${kind}.`)) place.scrollIntoView({block: 'center'});
  }

  function showAll() {
    const entries = {};
    for (const saved of document.querySelectorAll(`script[type="${STATE}"]`)) {
      Object.assign(entries, JSON.parse(saved.textContent).state);
    }
    for (const script of document.querySelectorAll(`script[type="${VIEW}"]`)) show(script, entries);
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', showAll);
  else showAll();
})();
