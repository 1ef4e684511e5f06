import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));
const title =
  "# Benchmarks\n\nEvery section is written by the script that it names, with the machine and the commit it ran on.\n";

/** Where a figure comes from: processor, cores, Node, commit, day. */
function machine(): string {
  const [first] = cpus();
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const changed = execFileSync("git", ["status", "--porcelain"], { encoding: "utf8" }).trim() !== "";
  const day = new Date().toISOString().slice(0, 10);
  return `${first?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}, commit ${commit}${changed ? " with changes" : ""}, ${day}`;
}

/** A markdown table; the first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Prints the lines with the machine below them, and puts them between the section's markers in docs/benchmarks.md. */
export function writeSection(name: string, lines: readonly string[]): void {
  const content = [...lines, "", `Measured on ${machine()}; load average at the end ${loadavg()[0]?.toFixed(1)}.`].join(
    "\n",
  );
  console.log(content);
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const section = `${open}\n\n${content}\n\n${close}`;
  const old = existsSync(file) ? readFileSync(file, "utf8") : title;
  const [from, to] = [old.indexOf(open), old.indexOf(close)];
  const isThere = from !== -1 && to > from;
  const text = isThere
    ? old.slice(0, from) + section + old.slice(to + close.length)
    : `${old.trimEnd()}\n\n${section}\n`;
  writeFileSync(file, text);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
