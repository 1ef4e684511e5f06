// Replays 500 turns of real conversations with the offline model into a fresh embedded database, as a user would
// (`uptake replay`), and watches the process: turns a second, CPU a turn, resident memory over time.
// Run: npx tsx bench/replay.ts FILE.jsonl
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { median, table, writeSection } from "./report.ts";

const TURNS = 500;
const SAMPLE_EVERY_MS = 250;
const CLOCK_TICKS_A_SECOND = 100;

type Sample = { readonly atMs: number; readonly rssMb: number; readonly cpuMs: number };

function sample(pid: number, startedMs: number): Sample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const ticks = Number(stat[11]) + Number(stat[12]);
    const rssKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
    if (Number.isNaN(rssKb)) return undefined; // the process has just ended
    return {
      atMs: performance.now() - startedMs,
      rssMb: rssKb / 1024,
      cpuMs: (ticks * 1000) / CLOCK_TICKS_A_SECOND,
    };
  } catch {
    return undefined;
  }
}

async function replayOnce(file: string, turns: number): Promise<{ samples: Sample[]; output: string; wallMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), "uptake-bench-"));
  // Made beforehand: making an embedded database costs more memory than all that comes after.
  spawnSync(process.execPath, [resolve("dist/cli/main.js"), "migrate", "--data-dir", join(folder, "data")]);
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [resolve("dist/cli/main.js"), "replay", file, "--limit", String(turns), "--data-dir", join(folder, "data")],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const chunks: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const taken = child.pid === undefined ? undefined : sample(child.pid, startedMs);
    if (taken !== undefined) samples.push(taken);
  }, SAMPLE_EVERY_MS);
  const code = await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  rmSync(folder, { recursive: true, force: true });
  const output = chunks.join("");
  if (code !== 0) throw new Error(`replay ended with ${String(code)}:\n${output}`);
  return { samples, output, wallMs: performance.now() - startedMs };
}

const file = process.argv[2];
if (file === undefined) throw new Error("usage: npx tsx bench/replay.ts FILE.jsonl");
const rows: string[][] = [];

async function round(name: string, source: string, turns: number): Promise<void> {
  const { samples, output, wallMs } = await replayOnce(source, turns);
  process.stdout.write(output);
  const cpuMs = samples.at(-1)?.cpuMs ?? Number.NaN;
  // The first quarter holds the start; if memory grew with the turns, each later quarter would stand above the one before.
  const quarters = [1, 2, 3].map((quarter) => {
    const from = Math.floor((samples.length * quarter) / 4);
    return median(samples.slice(from, from + Math.ceil(samples.length / 4)).map(({ rssMb }) => rssMb)).toFixed(0);
  });
  const peak = Math.max(...samples.map(({ rssMb }) => rssMb)).toFixed(0);
  const perSecond = ((turns * 1000) / wallMs).toFixed(0);
  rows.push([name, (wallMs / 1000).toFixed(1), perSecond, (cpuMs / turns).toFixed(1), ...quarters, peak]);
}

/** The same conversations again and again under other ids. */
function writeCopies(source: string, copies: number): string {
  const conversations = readFileSync(source, "utf8").trim().split("\n");
  const target = join(mkdtempSync(join(tmpdir(), "uptake-bench-")), "copies.jsonl");
  for (let copy = 0; copy < copies; copy += 1) {
    const lines = conversations.map((line) => {
      const conversation = JSON.parse(line) as { id: string };
      return JSON.stringify({ ...conversation, id: `${conversation.id} copy ${copy}` });
    });
    appendFileSync(target, `${lines.join("\n")}\n`);
  }
  return target;
}

for (const name of ["500 turns", "again", "again"]) await round(name, resolve(file), TURNS);
const copies = writeCopies(resolve(file), 10);
await round("5,000 turns", copies, 10 * TURNS);
rmSync(dirname(copies), { recursive: true });

writeSection("replay", [
  "## Replaying recorded conversations",
  "",
  `\`npx tsx bench/replay.ts FILE\`: \`uptake replay\` of ${TURNS} customer turns with the offline model into an embedded database,`,
  "start and end of the process included; everything, the offline model's server too, in the one process. The last row",
  "replays ten copies of the file: what grows there is the index of past replies, which is bounded at 20,000.",
  "",
  table(["", "wall s", "turns/s", "CPU ms a turn", "RSS MB, 2nd quarter", "3rd", "4th", "peak"], rows),
]);
