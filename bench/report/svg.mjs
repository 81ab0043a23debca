// Plots as SVG: bars side by side, each with a line from quartile to quartile.

const WIDTH = 860;
const LABEL = 270;
const ROW = 24;
const TOP = 44;

/** `bars`: `{ name, value, low, high, isOurs }`; negative values have no bar. */
export function barPlot(title, unit, bars) {
  const most = Math.max(...bars.map(({ high, value }) => high ?? value), 1e-9);
  const scale = (value) => (Math.max(value, 0) / most) * (WIDTH - LABEL - 110);
  const height = TOP + bars.length * ROW + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="12" y="24" font-size="15" font-weight="600" fill="#1b1f24">${escaped(title)}</text>
${bars.map((bar, index) => drawn(bar, TOP + index * ROW, scale, unit)).join("\n")}
</svg>
`;
}

function drawn({ name, value, low, high, isOurs }, y, scale, unit) {
  const middle = y + 9;
  const spread =
    low === undefined
      ? ""
      : `<line x1="${at(LABEL + scale(low))}" x2="${at(LABEL + scale(high))}" y1="${middle}" y2="${middle}" stroke="#1b1f24" stroke-width="1.5"/>`;
  const end = at(LABEL + scale(high ?? value) + 8);
  return `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end" fill="#1b1f24">${escaped(name)}</text>
<rect x="${LABEL}" y="${y}" width="${at(scale(value))}" height="17" rx="2" fill="${isOurs ? "#1f6feb" : "#b6bfc9"}"/>${spread}
<text x="${end}" y="${y + 13}" fill="#57606a">${numberOf(value)} ${escaped(unit)}</text>`;
}

const at = (value) => value.toFixed(1);

/** Three significant figures. */
export function numberOf(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 2) });
}

function escaped(text) {
  return text.replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]);
}
