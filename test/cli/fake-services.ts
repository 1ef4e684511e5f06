import type { Environment } from "../../src/config/environment.ts";
import type { Config } from "../../src/config/config.ts";
import type { Ask } from "../../src/cli/ask.ts";
import { createInterrupt } from "../../src/cli/interrupt.ts";
import { createOutput } from "../../src/cli/output.ts";
import { runCli } from "../../src/cli/run.ts";
import type { ReplaySummary, Services } from "../../src/cli/services.ts";
import { type ErasureReceipt, NOTHING_ERASED } from "../../src/domain/erasure.ts";
import type { RetentionReport } from "../../src/domain/retention.ts";
import type { MirrorOverview, ReconcileReport } from "../../src/domain/mirror-report.ts";
import type { VerifyReport } from "../../src/domain/verify-report.ts";
import { diagnose } from "../../src/server/diagnose.ts";
import type { ExitCode } from "../../src/cli/context.ts";

export const NOW = Date.parse("2026-11-22T10:20:30.400Z");

export const emptyReplay: ReplaySummary = {
  conversationCount: 0,
  turnCount: 0,
  suggestionCount: 0,
  knownCount: 0,
  errorCount: 0,
  approvalCount: 0,
  revisionCount: 0,
  rejectionCount: 0,
  malformedCount: 0,
  waitingCount: 0,
  malformed: [],
  interrupted: false,
};

export const quietMirror: MirrorOverview = {
  target: null,
  waitingCount: 0,
  oldestWaitingSeconds: null,
  deliveredLastMinuteCount: 0,
  deliveredTraceCount: 0,
  deliveredFeedbackCount: 0,
  deadCount: 0,
  dead: [],
};

export const emptyReconcile: ReconcileReport = {
  checkedCount: 0,
  missingCount: 0,
  doubledCount: 0,
  differentCount: 0,
  goneCount: 0,
  requeuedCount: 0,
  mendedCount: 0,
  unmendedCount: 0,
  interrupted: false,
};

export const goodVerify: VerifyReport = {
  ok: true,
  baseUrl: "https://langfuse.example.com",
  place: { version: "4.16.0", dialect: "v4", project: "Desk", projectId: "p-1" },
  messages: [
    {
      name: "explicit approval",
      kind: "feedback",
      ref: "f-1",
      traceId: "a1",
      url: "https://langfuse.example.com/project/p-1/traces/a1",
      items: [
        { kind: "observation", langfuseId: "o-1", name: "human-feedback", seenAfterMs: 320 },
        { kind: "score", langfuseId: "s-1", name: "feedback", seenAfterMs: 1234 },
        { kind: "score", langfuseId: "s-2", name: "accepted", seenAfterMs: 1150 },
      ],
    },
  ],
  problems: [],
  cleanUp: { kind: "asked", traceCount: 1 },
  interrupted: false,
};

export const emptyRetention: RetentionReport = {
  emptiedSuggestionCount: 0,
  emptiedFeedbackCount: 0,
  deletedTraceCount: 0,
  deletedSuggestionCount: 0,
  kept: [],
  interrupted: false,
};

const done = { state: "done", note: "nothing of it" } as const;

export const doneErasure: ErasureReceipt = {
  id: "0193b1f0-0000-7000-8000-000000000001",
  projectId: "default",
  subjectKind: "ticket",
  subjectSha256: "ab".repeat(32),
  requestedBy: "somebody",
  requestedAt: new Date(NOW),
  finishedAt: new Date(NOW),
  state: "done",
  counts: NOTHING_ERASED,
  places: { database: done, spool: done, langfuse: done },
};

/** Services that do nothing, with some of their members replaced. */
export function fakeServices(replaced: Partial<Services> = {}): Services {
  return {
    migrate: () => Promise.resolve({ applied: [], version: 5 }),
    metrics: () => Promise.resolve({ rows: [], table: "No suggestions in this range.\n", csv: "" }),
    expire: () => Promise.resolve({ expiredCount: 0, abandonedCount: 0 }),
    keepPartitions: () => Promise.resolve(null),
    retain: () => Promise.resolve(emptyRetention),
    erasure: {
      preview: () => Promise.resolve({ counts: NOTHING_ERASED, spooledCount: 0, left: "left: what is counted" }),
      erase: ({ kind }, { by }) =>
        Promise.resolve({ ...doneErasure, subjectKind: kind, requestedBy: by ?? "somebody" }),
    },
    startWorker: () => Promise.resolve({ url: null, stop: () => Promise.resolve() }),
    serve: ({ host, port }) => Promise.resolve({ url: `http://${host}:${port}`, stop: () => Promise.resolve() }),
    keys: {
      create: (wish) => Promise.resolve({ publicKey: "pk-up-1", secretKey: "sk-up-1", ...wish }),
      list: () => Promise.resolve([]),
      revoke: () => Promise.resolve(),
      rotate: (publicKey) =>
        Promise.resolve({
          publicKey: `${publicKey}-new`,
          secretKey: "sk-up-2",
          projectId: "p",
          scopes: ["read"],
          name: "",
        }),
    },
    mirror: {
      status: () => Promise.resolve(quietMirror),
      setup: () => Promise.resolve({ target: "https://langfuse.example.com", configs: [] }),
      retry: () => Promise.resolve(0),
      reconcile: () => Promise.resolve(emptyReconcile),
      reexport: () => Promise.resolve({ requeuedCount: 0, alreadyThereCount: 0, interrupted: false }),
      backfill: () =>
        Promise.resolve({ traceCount: 0, feedbackCount: 0, pendingCount: 0, orphanCount: 0, interrupted: false }),
    },
    verify: ({ keep }) => Promise.resolve({ ...goodVerify, cleanUp: { kind: keep ? "kept" : "asked", traceCount: 1 } }),
    rollup: {
      check: () =>
        Promise.resolve({
          checkedHourCount: 0,
          differenceCount: 0,
          frozenBefore: null,
          repaired: false,
          interrupted: false,
        }),
      backfill: () => Promise.resolve({ hourCount: 0, frozenBefore: null, resumedAt: null, interrupted: false }),
    },
    adopt: {
      plan: () => Promise.resolve([]),
      adopt: () => Promise.resolve({ decidedCount: 0, countedHourCount: 0, enqueuedCount: 0, interrupted: false }),
      planRemoval: () => Promise.resolve([]),
      remove: () => Promise.resolve(),
    },
    init: {
      lookAtTables: () => Promise.resolve(null),
      migrationFile: () => ({ names: [], sql: "" }),
      tablesInTheWay: () => [],
    },
    move: {
      plan: () =>
        Promise.resolve({ tables: [], resumedTableCount: 0, dryRun: true, interrupted: false, spoolFileCount: 0 }),
      move: () => Promise.resolve({ tables: [], resumedTableCount: 0, dryRun: false, interrupted: false }),
      target: () => "postgres://db/uptake",
    },
    replay: () => Promise.resolve(emptyReplay),
    runDemo: () => Promise.resolve(),
    close: () => Promise.resolve(),
    ...replaced,
  };
}

export type Run = {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** The configurations that services were opened with. */
  readonly opened: readonly Config[];
  readonly closedCount: number;
};

/** Runs one command line in this process, with these services behind it. */
export async function run(
  argv: readonly string[],
  { services = {}, environment = {}, signals, folder = process.cwd(), ask = null }: RunOptions = {},
): Promise<Run> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const output = createOutput({ stdout: stream("stdout"), stderr: stream("stderr") });
  const opened: Config[] = [];
  let closedCount = 0;
  const code = await runCli(argv, {
    version: "1.2.3",
    environment,
    output,
    interrupt: createInterrupt({
      signals: signals ?? { on: () => {}, off: () => {} },
      note: (line) => output.note(line),
      exitAtOnce: () => output.note("exit at once"),
    }),
    now: () => NOW,
    folder,
    ask,
    diagnose: (sources, options) => diagnose(sources, { ...options, nodeVersion: process.versions.node }),
    openServices(config) {
      opened.push(config);
      const fake = fakeServices(services);
      return Promise.resolve({
        ...fake,
        close() {
          closedCount += 1;
          return fake.close();
        },
      });
    },
  });
  return { code, ...written, opened, closedCount };
}

export type RunOptions = {
  readonly services?: Partial<Services>;
  readonly environment?: Environment;
  readonly folder?: string;
  readonly ask?: Ask | null;
  readonly signals?: Parameters<typeof createInterrupt>[0]["signals"];
};
