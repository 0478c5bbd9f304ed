// Data that travel compressed.

/** The bytes of a gzip file (a DataView or typed array), unpacked, as a DataView. */
async function unzipped(packed) {
  const bytes = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(bytes).arrayBuffer());
}
