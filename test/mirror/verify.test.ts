import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { verify } from "../../src/mirror/verify.ts";
import type { VerifyDeps } from "../../src/mirror/verify-check.ts";
import type { VerifySample } from "../../src/mirror/verify-messages.ts";
import { assemble, type Parts } from "../../src/server/assemble.ts";
import { makeSamples } from "../../src/server/verify-samples.ts";
import type { Failure, LangfuseDialect, StandInAddress } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { createLogBook, readRequest, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";

const DIALECTS = ["v4", "v3"] as const;
const NAMES = ["completed suggestion", "failed suggestion", "plain row"];
const ACTS = ["approval", "revision", "rejection"];
const FEEDBACK_NAMES = ["explicit", "inferred"].flatMap((source) => ACTS.map((type) => `${source} ${type}`));

let opened: Awaited<ReturnType<typeof openTestPostgres>>;
let parts: Parts;
let samples: VerifySample[];

// Verifying only reads them, so that one set does for all.
beforeAll(async () => {
  opened = await openTestPostgres();
  const code = { databaseUrl: opened.url, environment: "staging" };
  const config = readConfig({ code, environment: {} });
  parts = assemble(config, { log: silentLogger, worker: false, fresh: true });
  await parts.start();
  samples = await makeSamples(parts, config);
});
afterAll(async () => {
  await parts.close();
  await opened.drop();
});

type Options = Partial<Pick<VerifyDeps, "now" | "random">> & {
  readonly fetch?: typeof fetch;
  readonly patienceMs?: number;
  readonly timeoutMs?: number;
  readonly keep?: boolean;
  readonly signal?: AbortSignal;
};

async function check(address: StandInAddress, options: Options = {}) {
  const { fetch = globalThis.fetch, patienceMs = 60_000, timeoutMs = 5000, keep = false, ...others } = options;
  const { signal = new AbortController().signal, now = Date.now, random = Math.random } = others;
  const book = createLogBook();
  const progress: string[] = [];
  const langfuse = createLangfuseClient({ ...address, fetch, timeoutMs });
  const report = await verify(
    { db: parts.db, langfuse, log: book.log, now, random },
    {
      samples,
      baseUrl: address.baseUrl,
      patienceMs,
      keep,
      onProgress: (stage, done, total) => progress.push(`${stage} ${done}/${total}`),
      signal,
    },
  );
  const unseen = report.messages.flatMap(({ name, items }) =>
    items.filter(({ seenAfterMs }) => seenAfterMs === null).map((item) => `${name}: ${item.kind} ${item.name}`),
  );
  return { report, unseen, progress, book };
}

const urlOf = (input: Parameters<typeof fetch>[0]): URL =>
  new URL(typeof input === "string" || input instanceof URL ? input : input.url);

const isScoreRead = (input: Parameters<typeof fetch>[0]): boolean => /\/v[23]\/scores$/u.test(urlOf(input).pathname);

/** A clock on which the patience is over once the first look, which ends with the scores, has been taken. */
function onlyOneLook(through: typeof fetch = globalThis.fetch) {
  let leapMs = 0;
  const looking: typeof fetch = async (input, init) => {
    const response = await through(input, init);
    if (isScoreRead(input)) leapMs = 120_000;
    return response;
  };
  return { fetch: looking, now: () => Date.now() + leapMs };
}

const isPost = (init: RequestInit | undefined): boolean => init?.method === "POST";

describe.each<LangfuseDialect>(DIALECTS)("verifying a Langfuse of dialect %s", (dialect) => {
  it("sees everything that it sent, says where, and leaves nothing behind", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    const { report, unseen, progress } = await check(address);
    const version = dialect === "v4" ? "4.16.0" : "3.225.4";
    expect(report).toMatchObject({
      ok: true,
      problems: [],
      place: { version, dialect, project: "Stand-in Langfuse", projectId: "stand-in" },
      cleanUp: { kind: "asked", traceCount: 3 },
      interrupted: false,
    });
    expect(unseen).toEqual([]);
    expect(report.messages.map(({ name }) => name)).toEqual([...NAMES, ...FEEDBACK_NAMES]);
    for (const { url, traceId } of report.messages)
      expect(url).toBe(`${address.baseUrl}/project/stand-in/traces/${traceId}`);
    const ids = report.messages.flatMap(({ items }) => items.map(({ langfuseId }) => langfuseId)).sort();
    const arrived = [...standIn.observations(), ...standIn.scores()].map(({ id }) => id).sort();
    expect(ids).toEqual(arrived);
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
    expect([standIn.currentObservations(), standIn.currentScores()]).toEqual([[], []]);
    expect(progress).toContain("sent 9/9");
    expect(progress.at(-1)).toBe(`seen ${ids.length}/${ids.length}`);
  });

  it("leaves the traces where it is told to, and they are recognisable as a check", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    expect((await check(address, { keep: true })).report.cleanUp).toEqual({ kind: "kept", traceCount: 3 });
    const rows = standIn.currentObservations();
    expect(new Set(rows.map(({ traceName }) => traceName))).toEqual(new Set(["uptake-verify"]));
    expect(new Set(rows.map(({ sessionId }) => sessionId))).toEqual(new Set(["uptake-verify"]));
    expect(new Set(rows.map(({ environment }) => environment))).toEqual(new Set(["staging"]));
    expect(rows.every(({ tags }) => tags.includes("uptake-verify"))).toBe(true);
    expect(rows.every(({ totalCost }) => (totalCost ?? 0) === 0)).toBe(true);
  });

  it("sends observations of every type, an error, a row of which nothing was recorded, and every act", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    const { report } = await check(address, { keep: true });
    const [completed, failed, plain] = report.messages.map(({ traceId }) => traceId);
    const rowsOf = (traceId: string | undefined) => standIn.observations().filter((row) => row.traceId === traceId);
    const typesOf = (traceId: string | undefined) => [...new Set(rowsOf(traceId).map(({ type }) => type))].sort();
    const core = ["AGENT", "CHAIN", "EMBEDDING", "EVALUATOR", "EVENT", "GENERATION"];
    expect(typesOf(completed)).toEqual([...core, "GUARDRAIL", "RETRIEVER", "SPAN", "TOOL"]);
    expect(rowsOf(failed).map(({ level, statusMessage }) => [level, statusMessage])).toEqual([
      ["ERROR", expect.stringContaining("fails on purpose")],
      ["ERROR", expect.stringContaining("fails on purpose")],
    ]);
    expect(typesOf(plain)).toEqual(["AGENT", "EVENT", "GENERATION"]);
    const acts = standIn
      .scores()
      .filter(({ name }) => name === "feedback")
      .map(({ value, metadata }) => `${String(metadata["source"])} ${value}`);
    expect(acts).toEqual(FEEDBACK_NAMES);
    const scoreNames = new Set(standIn.scores().map(({ name }) => name));
    const always = ["accepted", "feedback", "feedback-reason", "kept-ratio", "output", "time-to-feedback"];
    expect([...scoreNames].sort()).toEqual(always);
  });

  it.each<[string, Failure, string]>([
    ["keys that are refused", { status: 401 }, "answered 401"],
    ["an answer 429", { status: 429, retryAfter: 60 }, "answered 429"],
    ["an answer 500", { status: 500 }, "answered 500"],
    ["no answer", { hang: true }, "no answer in time"],
  ])("ends with the reason on %s, and has sent nothing", async (_what, failure, reason) => {
    const { standIn, address } = await startStandIn({ dialect });
    standIn.setFailure(failure);
    const { report, unseen } = await check(address, { patienceMs: 300, timeoutMs: 100 });
    const isRefused = reason === "answered 401";
    const more = isRefused ? "check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY" : "no better answer within 0.3 s";
    expect(report).toMatchObject({ ok: false, place: null, cleanUp: { kind: "nothing sent" } });
    expect(report.problems).toEqual([expect.stringMatching(new RegExp(`${reason}.*${more}`, "u"))]);
    expect(report.messages.every(({ url }) => url === null)).toBe(true);
    expect(unseen.length).toBeGreaterThan(40);
    expect(standIn.observations()).toEqual([]);
  });

  it.each<[string, Failure, string]>([
    ["refuses the keys", { status: 403 }, "answered 403"],
    ["answers 500", { status: 500 }, "answered 500"],
    ["answers 429", { status: 429 }, "answered 429"],
  ])("ends with the reason where Langfuse %s only when something is sent", async (_what, failure, reason) => {
    const { standIn, address } = await startStandIn({ dialect });
    const refusingPosts: typeof fetch = (input, init) => {
      standIn.setFailure(isPost(init) ? failure : null);
      return fetch(input, init);
    };
    const { report } = await check(address, { fetch: refusingPosts, patienceMs: 300 });
    expect(report).toMatchObject({ ok: false, place: { dialect }, cleanUp: { kind: "nothing sent" } });
    expect(report.problems).toEqual([expect.stringMatching(new RegExp(`^POST .*/otel/v1/traces ${reason}`, "u"))]);
  });

  it.each<[string, Failure, string]>([
    ["answers 500", { status: 500 }, "answered 500"],
    ["does not answer", { hang: true }, "no answer in time"],
  ])("ends with the reason where Langfuse %s when it is read, and cleans up", async (_what, failure, reason) => {
    const { standIn, address } = await startStandIn({ dialect });
    let [isSent, leapMs] = [false, 0];
    const refusingReads: typeof fetch = (input, init) => {
      isSent ||= isPost(init);
      const isLook = isSent && init?.method === undefined;
      standIn.setFailure(isLook ? failure : null);
      if (isLook) leapMs = 120_000;
      return fetch(input, init);
    };
    const now = () => Date.now() + leapMs;
    const { report } = await check(address, { fetch: refusingReads, now, timeoutMs: 3000 });
    expect(report).toMatchObject({ ok: false, cleanUp: { kind: "asked", traceCount: 3 } });
    expect(report.problems).toEqual([
      expect.stringMatching(new RegExp(`^Langfuse cannot be read: GET .*${reason}.*within 60 s$`, "u")),
    ]);
    expect(standIn.currentObservations()).toEqual([]);
  });

  it("sees what was stored although no answer came, and says that none came", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    standIn.setFailure({ closeAfterAccept: true });
    const { report, unseen } = await check(address);
    expect(unseen).toEqual([]);
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([
      expect.stringMatching(/^completed suggestion, .*\/otel\/v1\/traces: .*may have been stored all the same$/u),
      expect.stringMatching(/^explicit approval, .*\/ingestion: .*may have been stored all the same$/u),
    ]);
    // Asking for the deletion got no answer either.
    expect(report.cleanUp).toMatchObject({ kind: "failed", traceCount: 3 });
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });

  it("names the scores that were refused with the reason, and sees the others", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    standIn.setFailure({ refuseScores: { name: "output" } });
    const { report, unseen } = await check(address);
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([
      "explicit revision, inferred revision: score output was refused: 400: the stand-in was told to refuse this score",
    ]);
    expect(unseen).toEqual(["explicit revision: score output", "inferred revision: score output"]);
  });

  it("names the scores that were dropped after they had been accepted", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    standIn.setFailure({ dropScores: { name: "feedback-reason" } });
    const { report, unseen } = await check(address, onlyOneLook());
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([
      "explicit revision: taken, but not seen within 60 s: score feedback-reason",
      "explicit rejection: taken, but not seen within 60 s: score feedback-reason, score feedback-reason",
    ]);
    expect(unseen).toEqual(
      ["explicit revision", "explicit rejection", "explicit rejection"].map((name) => `${name}: score feedback-reason`),
    );
  });

  it("names the trace that a bad span kept out, with the reason where Langfuse gives one", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    standIn.setFailure({ refuseSpans: { name: "judge-answer" } });
    const { report, unseen } = await check(address, onlyOneLook());
    expect(report.ok).toBe(false);
    const refused = /^completed suggestion: POST .* answered 400: .*refuse spans named judge-answer.*/u;
    const silent = /^completed suggestion: taken, but not seen within 60 s: observation uptake-verify, .*/u;
    expect(report.problems).toEqual([expect.stringMatching(dialect === "v4" ? refused : silent)]);
    expect(new Set(unseen.map((item) => item.split(":")[0]))).toEqual(new Set(["completed suggestion"]));
  });

  it("does not see what is shown only after its patience", async () => {
    const { address } = await startStandIn({ dialect, visibleAfterMs: 600_000 });
    const { report, unseen } = await check(address, onlyOneLook());
    expect(report).toMatchObject({ ok: false, cleanUp: { kind: "asked", traceCount: 3 } });
    expect(unseen).toHaveLength(report.messages.flatMap(({ items }) => items).length);
    expect(report.problems.join("\n")).toMatch(/^failed suggestion: taken, but not seen within 60 s: /mu);
  });

  it("waits for what is shown late, and measures how long it took", async () => {
    const { address } = await startStandIn({ dialect });
    let [leap, isHidden] = [0, true];
    // The first look for scores finds none, and takes five seconds of the injected clock.
    const late: typeof fetch = (input, init) => {
      if (!isHidden || !isScoreRead(input)) return fetch(input, init);
      [leap, isHidden] = [5000, false];
      return Promise.resolve(Response.json({ data: [], meta: { totalPages: 0 } }));
    };
    const { report } = await check(address, { fetch: late, now: () => Date.now() + leap });
    expect(report.ok).toBe(true);
    const items = report.messages.flatMap((message) => message.items);
    const delays = (kind: string) => items.filter((item) => item.kind === kind).map((item) => item.seenAfterMs ?? -1);
    expect(Math.min(...delays("score"))).toBeGreaterThanOrEqual(5000);
    expect(Math.min(...delays("observation"))).toBeLessThan(5000);
  });

  it("says what is different", async () => {
    const { address } = await startStandIn({ dialect });
    const changing: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const text = (await response.text()).replaceAll('"name":"judge-answer"', '"name":"judge"');
      return new Response(text, { status: response.status });
    };
    const { report } = await check(address, onlyOneLook(changing));
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([
      'completed suggestion: observation judge-answer is different: name is "judge", not "judge-answer"',
    ]);
  });

  it("finds what came twice where Langfuse does not merge", async () => {
    const { address } = await startStandIn({ dialect });
    const doubling: typeof fetch = async (input, init) => {
      if (!urlOf(input).pathname.endsWith("/otel/v1/traces")) return fetch(input, init);
      const { body, withBody } = await readRequest(init);
      await fetch(input, withBody(body));
      return fetch(input, withBody(body));
    };
    const { report } = await check(address, onlyOneLook(doubling));
    expect(report.ok).toBe(dialect === "v3");
    const doubled = report.problems.filter((problem) => problem.endsWith(" is doubled: 2 times"));
    expect(doubled).toEqual(report.problems);
    expect(doubled.length > 10).toBe(dialect === "v4");
  });

  it("goes on after a failure that passes, and sends nothing twice", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    let requestCount = 0;
    const shaky: typeof fetch = (input, init) => {
      requestCount += 1;
      if (requestCount % 4 === 0) standIn.failNext({ status: requestCount % 8 === 0 ? 429 : 500, retryAfter: 0 });
      return fetch(input, init);
    };
    const { report, book } = await check(address, { fetch: shaky, random: () => 0 });
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(book.named("verify.waits").length).toBeGreaterThan(2);
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });

  it("cleans up what it has sent when it is interrupted", async () => {
    const { standIn, address } = await startStandIn({ dialect });
    const interrupt = new AbortController();
    let postCount = 0;
    const hanging: typeof fetch = (input, init) => {
      postCount += isPost(init) ? 1 : 0;
      if (postCount === 2 && isPost(init)) {
        standIn.failNext({ hang: true });
        const has = () => standIn.requests()["POST /api/public/otel/v1/traces"] === 2;
        void until("the second has arrived", has).then(() => interrupt.abort());
      }
      return fetch(input, init);
    };
    const { report } = await check(address, { fetch: hanging, signal: interrupt.signal });
    // The second may have arrived, so it is asked for as well.
    expect(report).toMatchObject({ ok: false, interrupted: true, cleanUp: { kind: "asked", traceCount: 2 } });
    expect(standIn.observations().length).toBeGreaterThan(0);
    expect(standIn.currentObservations()).toEqual([]);
  });
});

describe("verifying what is no Langfuse", () => {
  it("says that nobody listens there", async () => {
    const { standIn, address } = await startStandIn();
    await standIn.close();
    const { report } = await check(address, { patienceMs: 200 });
    expect(report).toMatchObject({ ok: false, place: null, cleanUp: { kind: "nothing sent" } });
    expect(report.problems).toEqual([expect.stringMatching(/^GET .*ECONNREFUSED; no better answer within 0.2 s$/u)]);
  });

  it("says that a login page is none, at once", async () => {
    const somewhere = { baseUrl: "http://langfuse.invalid", publicKey: "pk-lf-1", secretKey: "sk-lf-1" };
    const page: typeof fetch = () => Promise.resolve(new Response("<html>Sign in</html>"));
    const { report } = await check(somewhere, { fetch: page });
    expect(report.problems).toEqual([expect.stringContaining("check that LANGFUSE_BASE_URL is a Langfuse")]);
  });
});
