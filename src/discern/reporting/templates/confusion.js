for (const box of document.querySelectorAll("[data-confusion]")) {
  const { labels, cells } = JSON.parse(box.querySelector("script").textContent);
  const map = box.querySelector("svg"), told = box.querySelector("output"), [across, down] = map.querySelectorAll(".cross rect");
  const place = (at, from, length) => Math.min(labels.length - 1, Math.max(0, Math.floor(((at - from) / length) * labels.length)));
  const tell = (event) => {
    const area = map.getBoundingClientRect();
    const row = place(event.clientY, area.top, area.height), column = place(event.clientX, area.left, area.width);
    const own = cells[row] || {}, total = Object.values(own).reduce((sum, each) => sum + each, 0);
    across.setAttribute("y", row);
    down.setAttribute("x", column);
    const number = (value) => Number(value.toFixed(1));
    told.textContent = row === column
      ? `${labels[row]}: ${number(own[row] || 0)} of ${number(total)} named right`
      : `${labels[row]}: ${number(own[column] || 0)} of ${number(total)} taken for ${labels[column]}`;
  };
  map.addEventListener("pointermove", tell);
  map.addEventListener("pointerdown", tell);
}
