// A PNG as Python reads it: browsers follow what some say of their screen's colours, Pillow follows profiles alone.

const PASSED_OVER = ["gAMA", "cHRM", "cICP"];
const MARK = 8;
const END = Uint8Array.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

/**
 * Leave out what Python passes over, and add the end that it does not miss.
 *
 * @param {Blob} blob the file of a PNG.
 * @returns {Promise<Blob>} the same pixels; nothing is copied.
 */
export async function plainPng(blob) {
  const kept = [blob.slice(0, MARK)];
  let at = MARK;
  for (let chunk; (chunk = await chunkAt(blob, at)) && chunk.name !== "IDAT"; at = chunk.end) {
    if (!PASSED_OVER.includes(chunk.name)) kept.push(blob.slice(at, chunk.end));
  }
  kept.push(blob.slice(at));
  const ends = (await chunkAt(blob, blob.size - END.length))?.name === "IEND";
  return new Blob(ends ? kept : [...kept, END]);
}

/** The name of the chunk that begins somewhere, and where it ends; null beyond the file. */
async function chunkAt(blob, at) {
  const head = new DataView(await blob.slice(at, at + 8).arrayBuffer());
  if (at < MARK || head.byteLength < 8) return null;
  const name = String.fromCharCode(...[4, 5, 6, 7].map((place) => head.getUint8(place)));
  return { name, end: at + 12 + head.getUint32(0) };
}
