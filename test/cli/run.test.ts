import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MetricsRequest } from "../../src/domain/metrics-request.ts";
import type { DemoReport, ReplayOptions } from "../../src/cli/services.ts";
import { UptakeError } from "../../src/domain/errors.ts";
import { emptyReplay, run } from "./fake-services.ts";

let folder: string;
let conversations: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "uptake-cli-"));
  conversations = join(folder, "conversations.jsonl");
  writeFileSync(conversations, "{}\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

describe("any command", () => {
  it("is opened with flags over variables, and closed again", async () => {
    const environment = { UPTAKE_DATA_DIR: "variable", UPTAKE_PROJECT: "shop" };
    const { code, opened, closedCount } = await run(["migrate", "--data-dir", "flag"], { environment });
    expect(code).toBe(0);
    expect(opened).toMatchObject([{ dataDir: "flag", projectId: "shop" }]);
    expect(closedCount).toBe(1);
  });

  it("opens nothing with a wrong configuration, and prints one line for each wrong value", async () => {
    const environment = { UPTAKE_PORT: "x", LANGFUSE_PUBLIC_KEY: "pk-lf-1" };
    const { code, stdout, stderr, opened } = await run(["migrate"], { environment });
    expect(code).toBe(2);
    expect(opened).toEqual([]);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^uptake: UPTAKE_PORT: .*\nuptake: LANGFUSE_SECRET_KEY: .* is missing .*\n$/u);
  });

  it("ends with 1 and the one line of a known error, closed again", async () => {
    const failing = () => Promise.reject(new UptakeError("database_newer", "the database is at 9; update Uptake"));
    const { code, stderr, closedCount } = await run(["migrate"], { services: { migrate: failing } });
    expect({ code, stderr, closedCount }).toEqual({
      code: 1,
      stderr: "uptake: the database is at 9; update Uptake\n",
      closedCount: 1,
    });
  });

  it("ends with 1 and one line that names --debug for an unknown error, and prints its stack with --debug", async () => {
    const services = { migrate: () => Promise.reject(new Error("first\nsecond", { cause: new Error("below") })) };
    const plain = await run(["migrate"], { services });
    expect(plain.code).toBe(1);
    expect(plain.stderr).toBe("uptake: first second (unexpected; run again with --debug for the details)\n");
    const debug = await run(["migrate", "--debug"], { services });
    expect(debug.stderr).toContain("run.test.ts");
    expect(debug.stderr).toContain("caused by Error: below");
  });

  it("reports the first error when closing after it fails too", async () => {
    const services = {
      migrate: () => Promise.reject(new UptakeError("migration_failed", "the cause")),
      close: () => Promise.reject(new Error("while closing")),
    };
    expect((await run(["migrate"], { services })).stderr).toContain("uptake: the cause\n");
  });

  it("ends with 130 once interrupted, although its work goes on for ever, and is closed", async () => {
    const signals = new EventEmitter();
    const services = {
      migrate() {
        signals.emit("SIGINT");
        return new Promise<never>(() => {});
      },
    };
    const { code, closedCount } = await run(["migrate"], { services, signals });
    expect({ code, closedCount }).toEqual({ code: 130, closedCount: 1 });
  });

  it("asks to stop at the first signal and ends at once at the second", async () => {
    const signals = new EventEmitter();
    const services = {
      async startWorker() {
        signals.emit("SIGTERM");
        signals.emit("SIGINT");
        return { url: null, stop: () => Promise.resolve() };
      },
    };
    const { code, stderr } = await run(["worker"], { services, signals });
    expect(code).toBe(0);
    expect(stderr.match(/stopping|exit at once/gu)).toEqual(["stopping", "exit at once"]);
  });
});

describe("uptake migrate", () => {
  it("names what it applied, and the version", async () => {
    const services = { migrate: () => Promise.resolve({ applied: ["0001_a", "0002_b"], version: 2 }) };
    const { stdout } = await run(["migrate"], { services });
    expect(stdout).toBe("applied 0001_a\napplied 0002_b\nthe database is at version 2\n");
    expect((await run(["migrate"])).stdout).toBe("nothing to apply; the database is at version 5\n");
  });
});

describe("uptake metrics", () => {
  it("asks for the range, bucket and split of its flags, and prints the table", async () => {
    const asked: MetricsRequest[] = [];
    const metrics = (request: MetricsRequest) => {
      asked.push(request);
      return Promise.resolve({ rows: [{ suggestionCount: 3 }], table: "the table\n", csv: "" });
    };
    const argv = ["metrics", "--from", "7d", "--to", "24h", "--bucket", "day", "--by", "function,model"];
    const { code, stdout } = await run(argv, { services: { metrics } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "the table\n" });
    expect(asked).toEqual([
      {
        from: new Date("2026-11-15T10:20:30.400Z"),
        to: new Date("2026-11-21T10:20:30.400Z"),
        bucket: "day",
        by: ["function", "model"],
        zone: "UTC",
      },
    ]);
  });

  it("prints the question and the rows as JSON", async () => {
    const metrics = () => Promise.resolve({ rows: [{ suggestionCount: 3 }], table: "the table\n", csv: "" });
    const { stdout } = await run(["metrics", "--to", "2026-11-22", "--json"], { services: { metrics } });
    expect(JSON.parse(stdout)).toEqual({
      from: "2026-11-21T00:00:00.000Z",
      to: "2026-11-22T00:00:00.000Z",
      bucket: "hour",
      by: [],
      zone: "UTC",
      view: "summary",
      rows: [{ suggestionCount: 3 }],
    });
  });

  it("prints CSV as it is, with one line end after the last record", async () => {
    const metrics = () => Promise.resolve({ rows: [], table: "", csv: "a,b\r\n1,2\r\n" });
    expect((await run(["metrics", "--csv"], { services: { metrics } })).stdout).toBe("a,b\r\n1,2\r\n");
    const { code, stderr } = await run(["metrics", "--csv", "--json"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "uptake: --csv: --json is given as well; leave one of them out\n",
    });
  });

  it("asks for the view and the zone, over the whole range where a view is of that", async () => {
    const asked: unknown[] = [];
    const metrics = ({ bucket, zone }: MetricsRequest, view: string) => {
      asked.push([view, bucket, zone]);
      return Promise.resolve({ rows: [], table: "", csv: "" });
    };
    await run(["metrics", "--view", "reasons", "--zone", "europe/berlin"], { services: { metrics } });
    await run(["metrics", "--view", "calibration", "--bucket", "day"], { services: { metrics } });
    await run(["metrics", "--view", "speed"], { services: { metrics } });
    expect(asked).toEqual([
      ["reasons", "total", "Europe/Berlin"],
      ["calibration", "day", "UTC"],
      ["speed", "hour", "UTC"],
    ]);
    expect((await run(["metrics", "--view", "all"])).stderr).toContain('--view: got "all"; expected summary, rates');
    expect((await run(["metrics", "--zone", "Mars"])).stderr).toContain('--zone: got "Mars"; expected a time zone');
  });

  it("refuses wrong flags together, before anything is opened", async () => {
    const { code, stderr, opened } = await run(["metrics", "--from", "soon", "--bucket", "week"]);
    expect(code).toBe(2);
    expect(opened).toEqual([]);
    expect(stderr).toMatch(/^uptake: --from: .*\nuptake: --bucket: .*\n$/u);
  });
});

describe("uptake expire", () => {
  it("opens with its windows, and says what it closed", async () => {
    const services = { expire: () => Promise.resolve({ expiredCount: 1, abandonedCount: 2 }) };
    const argv = ["expire", "--expire-after", "2w,classify=never", "--abandon-after", "1h"];
    const { code, stdout, opened } = await run(argv, { services });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1 suggestion expired, 2 pending rows closed as abandoned\n" });
    expect(opened[0]?.expiry).toEqual({
      expireAfterMs: 14 * 86_400_000,
      byFunction: new Map([["classify", null]]),
      abandonAfterMs: 3_600_000,
    });
  });

  it("has windows of 7 days and 15 minutes unless told otherwise, and refuses what are none", async () => {
    const { opened } = await run(["expire"]);
    expect(opened[0]?.expiry).toEqual({ expireAfterMs: 604_800_000, byFunction: new Map(), abandonAfterMs: 900_000 });
    const environment = { UPTAKE_EXPIRE_AFTER: "7d,classify", UPTAKE_ABANDON_AFTER: "soon" };
    const { code, stderr } = await run(["expire"], { environment });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^uptake: UPTAKE_EXPIRE_AFTER: got "7d,classify"; .*\nuptake: UPTAKE_ABANDON_AFTER: got "soon"/u,
    );
  });

  it("ends with 130 when it is interrupted, telling what it has closed until then", async () => {
    const signals = new EventEmitter();
    const services = {
      async expire(signal: AbortSignal) {
        const aborted = untilAborted(signal);
        signals.emit("SIGINT");
        await aborted;
        return { expiredCount: 500, abandonedCount: 0 };
      },
    };
    const { code, stdout } = await run(["expire"], { services, signals });
    expect({ code, stdout }).toEqual({
      code: 130,
      stdout: "500 suggestions expired, 0 pending rows closed as abandoned\n",
    });
  });
});

describe("uptake replay", () => {
  it("hands on its flags, shows progress and prints the summary", async () => {
    const asked: ReplayOptions[] = [];
    const services = {
      replay(options: ReplayOptions) {
        asked.push(options);
        const counts = { conversationCount: 1, turnCount: 3, suggestionCount: 2, knownCount: 1, approvalCount: 2 };
        return Promise.resolve({ ...emptyReplay, ...counts });
      },
    };
    const argv = ["replay", conversations, "--limit", "3", "--concurrency", "2"];
    const { code, stdout } = await run(argv, { services });
    expect(code).toBe(0);
    expect(asked).toEqual([{ file: conversations, limit: 3, concurrency: 2 }]);
    expect(stdout.split("\n")).toEqual([
      "1 conversation, 3 customer turns with a reply",
      "2 suggestions made, 1 known from before, 0 failed",
      "feedback inferred: 2 approvals, 0 revisions, 0 rejections",
      "",
    ]);
  });

  it("names malformed lines by file and number, counts them all, and ends with 1", async () => {
    const malformed = [{ line: 7, problem: "is no JSON" }];
    const services = { replay: () => Promise.resolve({ ...emptyReplay, malformed, malformedCount: 3 }) };
    const { code, stdout, stderr } = await run(["replay", conversations], { services });
    expect(code).toBe(1);
    expect(stderr).toBe(`${conversations}:7: is no JSON\n${conversations}: 2 more malformed lines\n`);
    expect(stdout).toContain("3 malformed lines left out\n");
  });

  it("ends with 130 and says how to go on when interrupted", async () => {
    const signals = new EventEmitter();
    const services = {
      async replay(_options: ReplayOptions, _onProgress: unknown, signal: AbortSignal) {
        const aborted = untilAborted(signal);
        signals.emit("SIGINT");
        await aborted;
        return { ...emptyReplay, interrupted: true };
      },
    };
    const { code, stdout } = await run(["replay", conversations], { services, signals });
    expect(code).toBe(130);
    expect(stdout).toContain("run it again to go on");
  });

  it.each([
    ["a missing file", ["replay", "missing.jsonl"], "missing.jsonl: no such file"],
    ["a directory", ["replay", tmpdir()], "is a directory"],
    ["no file", ["replay"], "missing required argument 'file'"],
    ["a limit of 0", ["replay", "x.jsonl", "--limit", "0"], "at least 1"],
    ["a concurrency of 1000", ["replay", "x.jsonl", "--concurrency", "1000"], "at most 64"],
    ["a limit in words", ["replay", "x.jsonl", "--limit", "ten"], "'ten' is invalid"],
  ])("refuses %s with 2, before anything is opened", async (_name, argv, message) => {
    const { code, stderr, opened } = await run(argv);
    expect({ code, opened }).toEqual({ code: 2, opened: [] });
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("uptake worker", () => {
  it("runs until it is told to stop, then stops the worker before closing, and ends with 0", async () => {
    const signals = new EventEmitter();
    const order: string[] = [];
    const services = {
      async startWorker() {
        order.push("started");
        setImmediate(() => signals.emit("SIGTERM"));
        return { url: null, stop: async () => void order.push("stopped") };
      },
      close: async () => void order.push("closed"),
    };
    const { code, stderr } = await run(["worker"], { services, signals });
    expect(code).toBe(0);
    expect(order).toEqual(["started", "stopped", "closed"]);
    expect(stderr).toContain("nothing is mirrored");
  });
});

describe("uptake demo", () => {
  const mirrored = { traceCount: 40, scoreCount: 90, target: "http://127.0.0.1:9", waitingCount: 0, deadCount: 0 };
  const demo = (event: Parameters<DemoReport>[0]) => ({
    runDemo: (_options: unknown, report: DemoReport) => Promise.resolve(report(event)),
  });

  it("tells in plain words what happens, and ends with 0", async () => {
    const services = {
      async runDemo({ once, port }: { once: boolean; port: number }, report: DemoReport) {
        expect({ once, port }).toEqual({ once: true, port: 8080 });
        report({
          kind: "started",
          store: { kind: "embedded", place: ".uptake/data" },
          model: { name: "uptake-retrieval", offline: true },
          langfuse: { standIn: true, baseUrl: "http://127.0.0.1:9" },
        });
        report({ kind: "suggesting", done: 1, total: 1 });
        report({ kind: "suggested", suggestionCount: 40, errorCount: 0 });
        report({ kind: "acted", sentAsItIsCount: 12, editedCount: 9, rejectedCount: 8, leftCount: 11 });
        report({ kind: "measured", table: "the table\n" });
        report({ kind: "mirrored", ...mirrored });
      },
    };
    const { code, stdout } = await run(["demo", "--once", "--port", "8080"], { services });
    expect(code).toBe(0);
    expect(stdout).toContain("Store: embedded Postgres in .uptake/data\n");
    expect(stdout).toContain("Model: uptake-retrieval, the offline retrieval model");
    expect(stdout).toContain("Langfuse: a stand-in at http://127.0.0.1:9");
    expect(stdout).toContain("Agents: 12 sent as they are, 9 edited, 8 rejected, 11 left undecided\n");
    expect(stdout).toMatch(/\n\nthe table\n\nmirrored 40 traces, 90 scores to http:\/\/127\.0\.0\.1:9\n/u);
    expect(stdout).toMatch(/\nthe same numbers again: uptake metrics --data-dir \.uptake\/demo\n$/u);
  });

  it("names no directory to read the numbers from where there is none", async () => {
    for (const place of [
      ["--data-dir", "memory"],
      ["--database-url", "postgres://app@db/app"],
    ]) {
      const { code, stdout } = await run(["demo", "--once", ...place], {
        services: demo({ kind: "mirrored", ...mirrored }),
      });
      expect(code).toBe(0);
      expect(stdout).not.toContain("--data-dir");
    }
  });

  it("ends with 1 when not everything could be mirrored", async () => {
    const services = demo({ kind: "mirrored", ...mirrored, waitingCount: 2 });
    const { code, stdout } = await run(["demo", "--once"], { services });
    expect(code).toBe(1);
    expect(stdout).toContain("2 more wait in the outbox");
  });

  it("prints its address, stays up until stopped, and ends with 0", async () => {
    const signals = new EventEmitter();
    const services = {
      async runDemo(_options: unknown, report: DemoReport, signal: AbortSignal) {
        report({ kind: "listening", url: "http://127.0.0.1:4100" });
        const aborted = untilAborted(signal);
        signals.emit("SIGINT");
        await aborted;
      },
    };
    const { code, stdout } = await run(["demo"], { services, signals });
    expect(code).toBe(0);
    expect(stdout).toContain("Dashboard: http://127.0.0.1:4100 ");
  });

  it("ends with 130 when interrupted during --once", async () => {
    const signals = new EventEmitter();
    const services = { runDemo: async () => void signals.emit("SIGINT") };
    expect((await run(["demo", "--once"], { services, signals })).code).toBe(130);
  });
});
