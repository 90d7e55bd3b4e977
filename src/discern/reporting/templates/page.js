for (const box of document.querySelectorAll("[data-confusion]")) {
  const { labels, pages, cells } = JSON.parse(box.querySelector("script").textContent);
  const map = box.querySelector("svg"), readout = box.querySelector("output"), [across, down] = map.querySelectorAll(".cross rect");
  const last = labels.length - 1;
  const number = (value) => Number(value.toFixed(1));
  let row = 0, column = 0;
  const describe = () => {
    const own = cells[row] || {}, total = Object.values(own).reduce((sum, each) => sum + each, 0);
    across.setAttribute("y", row);
    down.setAttribute("x", column);
    readout.textContent = row === column
      ? `${labels[row]}: ${number(own[row] || 0)} of ${number(total)} predicted correctly`
      : `${labels[row]}: ${number(own[column] || 0)} of ${number(total)} predicted as ${labels[column]}`;
    if (pages[row]) {
      const link = document.createElement("a");
      link.href = `#${pages[row]}`;
      link.textContent = "Show this class";
      readout.append(document.createElement("br"), link);
    }
  };
  const cell = (position, start, length) => Math.min(last, Math.max(0, Math.floor(((position - start) / length) * labels.length)));
  const pointAt = (event) => {
    const area = map.getBoundingClientRect();
    row = cell(event.clientY, area.top, area.height);
    column = cell(event.clientX, area.left, area.width);
    describe();
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const open = () => { if (pages[row]) location.hash = pages[row]; };
  map.addEventListener("pointermove", pointAt);
  map.addEventListener("pointerdown", pointAt);
  map.addEventListener("click", (event) => { if (event.pointerType === "mouse") open(); });
  map.addEventListener("focus", describe);
  map.addEventListener("keydown", (event) => {
    if (event.key === "Enter") open();
    if (!steps[event.key]) return;
    event.preventDefault();
    row = Math.min(last, Math.max(0, row + steps[event.key][0]));
    column = Math.min(last, Math.max(0, column + steps[event.key][1]));
    describe();
  });
}
