// PNG chunks as Pillow treats them: browsers apply gamma and similar chunks, Pillow applies only colour profiles.

const IGNORED_CHUNKS = ["gAMA", "cHRM", "cICP"];
const SIGNATURE_LENGTH = 8;
const END_CHUNK = Uint8Array.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

/**
 * Drop the chunks that Pillow ignores, and add the end chunk that it does not require.
 *
 * @param {Blob} blob the file of a PNG.
 * @returns {Promise<Blob>} the same pixels; nothing is copied.
 */
export async function normalisePng(blob) {
  /** @type {BlobPart[]} */
  const kept = [blob.slice(0, SIGNATURE_LENGTH)];
  let at = SIGNATURE_LENGTH;
  for (let chunk; (chunk = await readChunk(blob, at)) && chunk.name !== "IDAT"; at = chunk.end) {
    if (!IGNORED_CHUNKS.includes(chunk.name)) kept.push(blob.slice(at, chunk.end));
  }
  kept.push(blob.slice(at));
  const isComplete = (await readChunk(blob, blob.size - END_CHUNK.length))?.name === "IEND";
  return new Blob(isComplete ? kept : [...kept, END_CHUNK]);
}

/** Read the name and the end of the chunk at an offset; null beyond the file. @param {Blob} blob @param {number} at */
async function readChunk(blob, at) {
  const head = new DataView(await blob.slice(at, at + 8).arrayBuffer());
  if (at < SIGNATURE_LENGTH || head.byteLength < 8) return null;
  const name = String.fromCharCode(...[4, 5, 6, 7].map((index) => head.getUint8(index)));
  return { name, end: at + 12 + head.getUint32(0) };
}
