// Draws docs/images/langfuse-trace.svg and langfuse-scores.svg from what the demo sends to a stand-in Langfuse:
// npm run build && node scripts/langfuse-pictures.mjs
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createStandInLangfuse } from "../dist/testing.js";

const images = resolve(import.meta.dirname, "../docs/images");
const main = resolve(import.meta.dirname, "../dist/cli/main.js");
const WIDTH = 860;
const FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"';
const INK = "#1c2230";
const FAINT = "#667085";
const COLOURS = { AGENT: "#3b5bdb", GENERATION: "#7048e8", RETRIEVER: "#0c8599", EVENT: "#d9480f", SPAN: "#5c677d" };

const standIn = createStandInLangfuse();
const { baseUrl, publicKey, secretKey } = await standIn.start();
const scratch = mkdtempSync(join(tmpdir(), "uptake-pictures-"));
try {
  await demo();
  writeFileSync(
    join(images, "langfuse-trace.svg"),
    tracePicture(standIn.currentObservations(), standIn.currentScores()),
  );
  writeFileSync(join(images, "langfuse-scores.svg"), scoresPicture(standIn.currentScores()));
} finally {
  await standIn.close();
  rmSync(scratch, { recursive: true, force: true });
}

function demo() {
  const env = {
    PATH: process.env.PATH,
    LANGFUSE_BASE_URL: baseUrl,
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: secretKey,
  };
  const child = spawn(process.execPath, [main, "demo", "--once"], { cwd: scratch, env, stdio: "inherit" });
  return new Promise((done, failed) =>
    child.once("close", (code) => (code === 0 ? done() : failed(new Error(`the demo ended with ${code}`)))),
  );
}

function escaped(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function text(x, y, content, { size = 13, fill = INK, weight = "normal", anchor = "start" } = {}) {
  return `<text x="${x}" y="${y}" ${FONT} font-size="${size}" fill="${fill}" font-weight="${weight}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function box(x, y, width, height, fill, radius = 3) {
  return `<rect x="${x}" y="${y}" width="${Math.max(width, 2)}" height="${height}" rx="${radius}" fill="${fill}"/>`;
}

function svg(height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img"><title>${escaped(title)}</title>
${box(0, 0, WIDTH, height, "#ffffff", 8)}
${parts.join("\n")}
</svg>
`;
}

/** A revised suggestion, since it has every score there is. */
function tracePicture(observations, scores) {
  const traceId = scores.find(({ name }) => name === "output")?.traceId;
  const rows = observations.filter((row) => row.traceId === traceId && row.type !== "EVENT");
  const acts = observations.filter((row) => row.traceId === traceId && row.type === "EVENT");
  const root = rows.find(({ parentObservationId }) => parentObservationId === null);
  const from = Date.parse(root.startTime);
  const lasted = Math.max(Date.parse(root.endTime) - from, 1);
  const at = (time) => 400 + ((Date.parse(time) - from) / lasted) * 340;
  const parts = [
    text(24, 34, `Trace ${root.traceName}`, { size: 16, weight: "bold" }),
    text(24, 54, `id ${traceId} · session (ticket) ${root.sessionId}`, { size: 11, fill: FAINT }),
  ];
  let y = 84;
  const line = (row, depth, bar) => {
    parts.push(box(24 + depth * 22, y - 11, 88, 16, COLOURS[row.type] ?? COLOURS.SPAN));
    parts.push(text(68 + depth * 22, y + 1, row.type, { size: 10, fill: "#ffffff", anchor: "middle" }));
    parts.push(text(120 + depth * 22, y + 1, cut(row.name, 30)), bar);
    y += 30;
  };
  const byStart = (one, other) => Date.parse(one.startTime) - Date.parse(other.startTime);
  const draw = (row, depth) => {
    const ms = Date.parse(row.endTime) - Date.parse(row.startTime);
    const x = at(row.startTime);
    const width = at(row.endTime) - x;
    const bar =
      box(x, y - 9, width, 12, COLOURS[row.type] ?? COLOURS.SPAN) +
      text(752, y + 1, `${ms} ms`, { size: 11, fill: FAINT });
    line(row, depth, bar);
    for (const child of rows.filter(({ parentObservationId }) => parentObservationId === row.id).sort(byStart))
      draw(child, depth + 1);
  };
  draw(root, 0);
  for (const act of acts) {
    const later = `later, when the person acted: ${((Date.parse(act.startTime) - from) / 1000).toFixed(1)} s after the start`;
    line(act, 1, text(400, y + 1, later, { size: 11, fill: FAINT }));
  }
  parts.push(text(24, y + 18, "Scores, on the generation", { weight: "bold" }));
  y += 42;
  for (const score of scores.filter((score) => score.traceId === traceId)) {
    parts.push(text(40, y, score.name), text(190, y, score.dataType, { size: 11, fill: FAINT }));
    const value =
      typeof score.value === "number" ? Number(score.value.toFixed(3)) : score.value.replaceAll(/\s+/gu, " ");
    parts.push(text(310, y, cut(String(value), 66)));
    y += 24;
  }
  return svg(y + 8, "One trace of the demo", parts);
}

function scoresPicture(scores) {
  const of = (name) => scores.filter((score) => score.name === name);
  const parts = [text(24, 34, "Scores of the demo", { size: 16, weight: "bold" })];
  let y = 66;
  const bars = (title, rows) => {
    parts.push(text(24, y, title, { weight: "bold" }));
    y += 24;
    const most = Math.max(...rows.map(({ count }) => count));
    for (const { label, count } of rows) {
      parts.push(text(180, y, cut(label, 24), { anchor: "end", size: 12 }));
      parts.push(
        box(192, y - 11, (count / most) * 520, 14, COLOURS.AGENT),
        text(720, y, count, { size: 12, fill: FAINT }),
      );
      y += 22;
    }
    y += 14;
  };
  const counted = (values) =>
    [...grouped(values)]
      .map(([label, all]) => ({ label: String(label), count: all.length }))
      .sort((one, other) => other.count - one.count);
  const accepted = of("accepted");
  const yes = accepted.filter(({ value }) => value === 1).length;
  bars("feedback", counted(of("feedback").map(({ value }) => value)));
  bars(`accepted: average ${(yes / accepted.length).toFixed(3)} (${yes} of ${accepted.length} acts)`, [
    { label: "1 (approval)", count: yes },
    { label: "0 (revision, rejection)", count: accepted.length - yes },
  ]);
  bars("feedback-reason", counted(of("feedback-reason").map(({ value }) => value)));
  const tenth = (value) => Math.min(Math.floor(value * 5), 4);
  const kept = of("kept-ratio").map(({ value }) => tenth(value));
  bars(
    "kept-ratio",
    [0, 1, 2, 3, 4].map((step) => ({
      label: `${(step / 5).toFixed(1)} to ${((step + 1) / 5).toFixed(1)}`,
      count: kept.filter((value) => value === step).length,
    })),
  );
  return svg(y, "Scores of the demo by name", parts);
}

function grouped(values) {
  const groups = new Map();
  for (const value of values) groups.set(value, [...(groups.get(value) ?? []), value]);
  return groups;
}
