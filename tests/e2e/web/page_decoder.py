"""Call of the page's decoder, for tests and benchmarks that run in a browser."""

DECODE = """async ([bytes, side, white]) => {
  const { decode } = await import(new URL("page/decode/decode.js", document.baseURI));
  const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]);
  try {
    const { pixels, size } = await decode(blob, () => side, white);
    let text = "";
    for (const byte of pixels.data) text += String.fromCharCode(byte);
    return { data: btoa(text), width: pixels.width, height: pixels.height, size };
  } catch (error) {
    return { code: error.code ?? "unexpected", message: error.message };
  }
}"""
