// Shows the widgets of a page from the state that its notebook saved: no kernel, no library.
(function () {
  const STATE = 'application/vnd.jupyter.widget-state+json';
  const VIEW = 'application/vnd.jupyter.widget-view+json';

  function bytes(base64) {
    return new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
  }

  /** What anywidget gives to a widget: its traits, and news of their changes. */
  function modelOf({state, buffers = []}) {
    const traits = {...state};
    for (const {path, data} of buffers) traits[path[0]] = bytes(data);
    const listeners = [];
    return {
      get: (name) => traits[name],
      set(name, value) {
        if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
        traits[name] = value;
        for (const [event, hear] of [...listeners]) if (event === `change:${name}`) hear();
      },
      save_changes() {},
      on: (event, hear) => listeners.push([event, hear]),
      off(event, hear) {
        const place = listeners.findIndex((one) => one[0] === event && one[1] === hear);
        if (place >= 0) listeners.splice(place, 1);
      },
    };
  }

  async function show(script, models) {
    const {model_id: id} = JSON.parse(script.textContent);
    const {_esm: code, _css: style} = models[id].state;
    const place = document.createElement('div');
    place.className = 'widget-subarea';
    const sheet = document.createElement('style');
    sheet.textContent = style;
    document.head.append(sheet);
    script.after(place);
    const url = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
    const widget = await import(url);
    URL.revokeObjectURL(url);
    await widget.default.render({model: models[id].model, el: place});
  }

  function showAll() {
    const models = {};
    for (const saved of document.querySelectorAll(`script[type="${STATE}"]`)) {
      for (const [id, entry] of Object.entries(JSON.parse(saved.textContent).state)) {
        if (entry.model_module === 'anywidget') models[id] = {...entry, model: modelOf(entry)};
      }
    }
    for (const script of document.querySelectorAll(`script[type="${VIEW}"]`)) show(script, models);
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', showAll);
  else showAll();
})();
