import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root, runNode, runUptake } from "../server/run-program.ts";

const require = createRequire(import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), "uptake-examples-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type CountName = "suggestionCount" | "errorCount" | "acceptedCount" | "rejectedCount";
type MetricsRow = Readonly<Record<CountName, number>> & { readonly dimensions: unknown };

describe("examples/track-a-function", { timeout: 300_000 }, () => {
  const dataDir = join(scratch, "data");

  it("runs as its first lines say, importing the built package by its name", async () => {
    const example = join(root, "examples/track-a-function/draft-reply.ts");
    const { code, stdout, stderr } = await runNode([require.resolve("tsx/cli"), example], {
      cwd: scratch,
      env: { UPTAKE_DATA_DIR: dataDir },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n")).toEqual([
      "suggested for ticket 42: A refund takes five working days.",
      "suggested for ticket 43: A parcel takes two working days.",
      "ticket 42: rejection",
      "ticket 43: approval, kept ratio 1",
      "ticket 44: Error: there is no question to answer",
    ]);
  });

  it("leaves numbers that uptake metrics prints", async () => {
    const flags = ["--bucket", "total", "--by", "function,model,promptVersion", "--json", "--data-dir", dataDir];
    const { code, stdout } = await runUptake(["metrics", ...flags], { cwd: scratch });
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: readonly MetricsRow[] };
    const sum = (name: CountName) => rows.reduce((total, row) => total + row[name], 0);
    // The run that failed before it asked the model has no model and no prompt.
    expect(rows.map(({ dimensions }) => dimensions)).toEqual(
      expect.arrayContaining([{ function: "draft-reply", model: "made-up-model", promptVersion: "7" }]),
    );
    expect([sum("suggestionCount"), sum("errorCount"), sum("acceptedCount"), sum("rejectedCount")]).toEqual([
      3, 1, 1, 1,
    ]);
  });

  it("type-checks against the built declarations", async () => {
    const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const { code, stdout } = await runNode([tsc, "-p", "examples/tsconfig.json"], { cwd: root });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });
});

describe("the examples of the adapters", { timeout: 180_000 }, () => {
  const tokens = "gpt-4.1-mini: 24 tokens in, 7 out";
  it.each([
    ["openai", ["suggested: A refund takes five working days.", "gpt-4.1-mini: 1000 tokens in, 500 out, 0.0012 USD"]],
    ["ai-sdk", ["suggested: A refund takes five working days.", tokens, "time to first token known of 1"]],
    ["otel", ["suggested: Five working days.", tokens, "spans too late: 0"]],
  ])("%s runs as its first lines say", async (name, lines) => {
    const example = join(root, "examples", name, "draft-reply.ts");
    const { code, stdout, stderr } = await runNode([require.resolve("tsx/cli"), example], {
      cwd: scratch,
      env: { UPTAKE_DATA_DIR: join(scratch, name) },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n")).toEqual(lines);
  });
});
