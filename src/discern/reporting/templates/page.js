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
for (const box of document.querySelectorAll("[data-captured]")) {
  const { points, pictures, first } = JSON.parse(box.querySelector("script").textContent);
  const map = box.querySelector("svg"), slider = box.querySelector("input"), here = map.querySelector(".here");
  const shown = box.querySelector("img"), missing = box.querySelector(".placeholder"), [text, file] = box.querySelectorAll("figcaption span");
  const open = (position) => {
    const [x, y, words, path, picture] = points[position];
    here.setAttribute("cx", x);
    here.setAttribute("cy", y);
    text.textContent = words;
    file.textContent = path;
    shown.hidden = picture < 0;
    missing.hidden = picture >= 0;
    if (picture >= 0) {
      shown.src = pictures[picture];
      shown.alt = words;
    }
    slider.value = position;
    slider.setAttribute("aria-valuetext", `${position + 1} of ${points.length}: ${words}`);
  };
  const nearest = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    let best = 0, least = Infinity;
    points.forEach(([x, y], position) => {
      const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
      if (distance < least) [best, least] = [position, distance];
    });
    return best;
  };
  map.addEventListener("pointerdown", (event) => open(nearest(event)));
  map.addEventListener("click", () => slider.focus({ preventScroll: true }));
  slider.addEventListener("input", () => open(Number(slider.value)));
  shown.addEventListener("load", () => shown.classList.toggle("tiny", Math.max(shown.naturalWidth, shown.naturalHeight) <= 72));
  box.querySelector(".opened").hidden = false;
  open(first);
}
for (const box of document.querySelectorAll("[data-trials]")) {
  const { trials, first } = JSON.parse(box.querySelector("script").textContent);
  const choice = box.querySelector(".trial-choice"), slider = choice.querySelector("input"), text = choice.querySelector("p");
  const open = (position) => {
    const [number, words] = trials[position];
    for (const mark of box.querySelectorAll("[data-trial]")) mark.classList.toggle("here", Number(mark.dataset.trial) === number);
    text.textContent = words;
    slider.value = position;
    slider.setAttribute("aria-valuetext", words);
  };
  const pointAt = (event) => {
    const mark = event.target.closest("[data-trial]");
    const position = mark ? trials.findIndex(([number]) => number === Number(mark.dataset.trial)) : -1;
    if (position >= 0) open(position);
  };
  box.addEventListener("pointerover", pointAt);
  box.addEventListener("pointerdown", pointAt);
  slider.addEventListener("input", () => open(Number(slider.value)));
  slider.max = trials.length - 1;
  choice.hidden = false;
  open(trials.findIndex(([number]) => number === first));
}
