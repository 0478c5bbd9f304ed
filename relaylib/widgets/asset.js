// Data of the widget's own, or of a script that the pages of a book share.

/** Bytes that the model holds, or else the asset that it names, as a DataView. */
async function assetBytes(model) {
  const own = model.get("information");
  if (own?.byteLength) return own;
  const loaded = (globalThis.relaylibLoaded ??= new Map());
  const name = model.get("asset");
  if (!loaded.has(name)) {
    const bytes = pageAsset(name);
    bytes.catch(() => loaded.delete(name)); // the next widget may try again
    loaded.set(name, bytes);
  }
  return loaded.get(name);
}

/**
 * From the built book. A script, because a page opened from disk may load one but not fetch data;
 * it leaves packed bytes as base64 in globalThis.relaylibAssets. Sphinx names the book's root on every page.
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
  const packed = Uint8Array.from(atob(assets[name]), (letter) => letter.charCodeAt(0));
  delete assets[name];
  return unzipped(packed);
}
