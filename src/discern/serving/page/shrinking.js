// Smaller copies: thumbnails for the list, and pictures that a server would not take as they are.

const SENT = 2048;
const LEAST = 256;

/** A small square copy as a blob, or null where this browser cannot show the picture. */
export async function thumbnail(blob, side = 160) {
  const bitmap = await open(blob);
  if (!bitmap) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const cut = Math.min(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, side, side);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
}

/** A copy of at most 2,048 px that has at most `most` bytes, or null where this browser cannot show the picture. */
export async function shrink(blob, most = Infinity) {
  const bitmap = await open(blob);
  if (!bitmap) return null;
  let copy = null;
  for (let side = SENT; side >= LEAST && !(copy?.size <= most); side /= 2) copy = await draw(bitmap, side);
  bitmap.close();
  return copy;
}

function draw(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * bitmap.width));
  canvas.height = Math.max(1, Math.round(scale * bitmap.height));
  const brush = canvas.getContext("2d");
  brush.imageSmoothingQuality = "high";
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

async function open(blob) {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}
