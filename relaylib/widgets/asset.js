// Data that pages share: a script beside the page, or a message from the kernel.

/** Bytes of the asset that the model names, as a DataView; loaded once per page. */
function assetBytes(model) {
  const loaded = (globalThis.relaylibLoaded ??= new Map());
  const name = model.get("asset");
  if (!loaded.has(name)) {
    const bytes = pageAsset(name).catch(() => kernelAsset(model));
    bytes.catch(() => loaded.delete(name)); // the next widget may try again
    loaded.set(name, bytes);
  }
  return loaded.get(name);
}

/**
 * From the built book. A script, because a page opened from disk may load one but not fetch data;
 * it leaves base64 in globalThis.relaylibAssets. Sphinx names the book's root on every page.
 */
async function pageAsset(name) {
  const assets = (globalThis.relaylibAssets ??= {});
  if (!(name in assets)) {
    const root = document.documentElement.getAttribute("data-content_root");
    if (root === null) throw new Error("not a page of the book");
    const script = element("script", { src: new URL(`${root}_static/${name}.js`, document.baseURI) });
    await new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${script.src} is missing`));
      document.head.append(script);
    });
  }
  const text = atob(assets[name]);
  delete assets[name];
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return new DataView(bytes.buffer);
}

/** From the kernel, which answers with one binary message. */
function kernelAsset(model, patience = 10000) {
  return new Promise((resolve, reject) => {
    const give_up = () => done(() => reject(new Error("no kernel answered")));
    const timer = setTimeout(give_up, patience);
    function done(finish) {
      clearTimeout(timer);
      model.off("msg:custom", receive);
      finish();
    }
    function receive(content, buffers) {
      if (content?.kind === "asset") done(() => resolve(new DataView(bufferOf(buffers[0]))));
    }
    model.on("msg:custom", receive);
    model.send({ kind: "asset" });
  });
}

function bufferOf(view) {
  return view instanceof ArrayBuffer
    ? view
    : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}
