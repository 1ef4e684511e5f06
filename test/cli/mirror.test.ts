import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LangfuseClient } from "@langfuse/client";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import type { MirrorServices } from "../../src/cli/mirror-services.ts";
import { scoreIdOf } from "../../src/domain/ids.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import type { Database } from "../../src/store/database.ts";
import { readTracesForMirror } from "../../src/store/queries/read-traces-for-mirror.ts";
import type { StandInAddress, StandInLangfuse } from "../../src/testing.ts";
import { insertFeedbackOn, insertSamples } from "../mirror/rows.ts";
import { openTransaction } from "../metrics/open-transaction.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "../mirror/set-up.ts";
import { insertUntracked } from "../mirror/untracked.ts";
import { runUptake, uptakeMain, type Finished } from "../server/run-program.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { emptyReconcile, fakeServices, run } from "./fake-services.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-mirror-cli-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Place = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  readonly address: StandInAddress;
  readonly env: Record<string, string>;
  uptake(...args: string[]): Promise<Finished>;
};

async function openPlace(): Promise<Place> {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const { db, url } = postgres;
  const { standIn, address } = await startStandIn();
  const { baseUrl, publicKey, secretKey } = address;
  const env = {
    DATABASE_URL: url,
    LANGFUSE_BASE_URL: baseUrl,
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: secretKey,
  };
  const uptake = (...args: string[]) => runUptake(["mirror", ...args], { cwd: scratch, env });
  return { db, standIn, address, env, uptake };
}

/** As if it had been delivered an hour ago, so that nothing waits for Langfuse to show it. */
const age = (db: Database) => db.query(`update langfuse_deliveries set delivered_at = now() - interval '1 hour'`);

/** Six suggestions with a feedback event each (two of every type), all of it delivered an hour ago. */
async function deliverSome({ db, address }: Place) {
  const suggestions = await insertSamples(db, 6);
  const feedback = await insertFeedbackOn(
    db,
    suggestions.map(({ id }) => id),
  );
  await drain(mirrorTo(db, address).mirror);
  await age(db);
  const [first] = suggestions;
  const revision = feedback[1];
  if (first === undefined || revision === undefined) throw new Error("something was inserted");
  return { suggestions, feedback, first, revision };
}

const NOTHING_FOUND = "12 deliveries checked: 0 missing, 0 doubled, 0 different\n";

describe("uptake mirror reconcile", () => {
  it("ends with 0 where Langfuse has everything once and as it is", async () => {
    const place = await openPlace();
    await deliverSome(place);
    expect(await place.uptake("reconcile")).toEqual({ code: 0, stdout: NOTHING_FOUND, stderr: "" });
    const requests = place.standIn.requests();
    expect([requests["GET /api/public/v2/observations"], requests["GET /api/public/v3/scores"]]).toEqual([6 + 6, 1]);
  });

  it("names a score that was deleted, ends with 1, and mends it with --repair", async () => {
    const place = await openPlace();
    const { first, feedback, suggestions } = await deliverSome(place);
    const deleted = scoreIdOf(feedback[0]?.id ?? "", "accepted");
    await new LangfuseClient(place.address).api.legacy.scoreV1.delete(deleted);
    const line = `missing: score ${deleted} of feedback event ${feedback[0]?.id} in trace ${first.traceId}\n`;
    const summary = "12 deliveries checked: 1 missing, 0 doubled, 0 different\n";

    const found = await place.uptake("reconcile");
    const advice = "run it with --repair to send again what is missing\n";
    expect(found).toEqual({ code: 1, stdout: line + summary + advice, stderr: "" });
    expect(await readOutbox(place.db)).toEqual([]);

    const before = place.standIn.scores().length;
    const repaired = await place.uptake("reconcile", "--repair");
    expect(repaired).toMatchObject({ code: 0, stdout: `${line}${summary}1 delivery sent again\n` });
    // Only what was missing went out again.
    expect(
      place.standIn
        .scores()
        .slice(before)
        .map(({ id }) => id),
    ).toEqual([deleted]);
    expect(place.standIn.duplicates().observations).toEqual([]);
    await age(place.db);
    expect(await place.uptake("reconcile")).toEqual({ code: 0, stdout: NOTHING_FOUND, stderr: "" });
    expect(suggestions).toHaveLength(6);
  });

  it("names an observation that was posted twice, and ends with 1, also with --repair", async () => {
    const place = await openPlace();
    const { first } = await deliverSome(place);
    const [source] = await readTracesForMirror(place.db, [first.id]);
    if (source === undefined) throw new Error("the suggestion is there");
    const again = traceToSpans(source).filter((span) => span.spanId === first.generationId);
    await createLangfuseClient({ ...place.address, fetch, timeoutMs: 5000 }).sendSpans(again.map(outgoingSpan));
    const where = `observation ${first.generationId} of suggestion ${first.id} in trace ${first.traceId}`;
    const { code, stdout } = await place.uptake("reconcile", "--repair");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout:
        `doubled: ${where}: 2 times\n12 deliveries checked: 0 missing, 1 doubled, 0 different\n` +
        "0 deliveries sent again\n",
    });
  });

  it("says what is different of an observation and of a score, and ends with 1", async () => {
    const place = await openPlace();
    const { first, revision } = await deliverSome(place);
    await place.db.query(
      `update ai_traces set observations = jsonb_set(jsonb_set(jsonb_set(observations, '{2,model}', '"gpt-5"'),
         '{2,name}', '"answer"'), '{1,startTime}', '"2026-03-01T09:00:00.006Z"')
       where trace_id = $1`,
      [first.traceId],
    );
    const keptRatio = scoreIdOf(revision.id, "kept-ratio");
    const client = createLangfuseClient({ ...place.address, fetch, timeoutMs: 5000 });
    const posted = place.standIn.currentScores().find(({ id }) => id === keptRatio);
    if (posted?.traceId === undefined || posted.traceId === null) throw new Error("the score is there");
    const { traceId, timestamp } = posted;
    const body = { id: keptRatio, name: "kept-ratio", dataType: "NUMERIC", value: 0.25, traceId } as const;
    const event = { id: "another", type: "score-create" as const, timestamp };
    await client.sendScores([outgoingScore({ ...event, body: { ...body, environment: "test", metadata: {} } })]);
    const { code, stdout } = await place.uptake("reconcile");
    expect(code).toBe(1);
    const [retriever = ""] = first.spanIds.slice(1);
    expect(stdout.split("\n").map((line) => line.replace(/ of .* in trace \w+/u, ""))).toEqual([
      `different: observation ${retriever}: startTime is 2026-03-01T09:00:00.005Z, not 2026-03-01T09:00:00.006Z`,
      `different: observation ${first.generationId}: name is "draft", not "answer"; model is "gpt-4.1-mini", not "gpt-5"`,
      expect.stringMatching(
        new RegExp(`^different: score ${keptRatio}: value is 0.25, not 0.7; observationId is none, not "\\w+"$`, "u"),
      ),
      "12 deliveries checked: 0 missing, 0 doubled, 3 different",
      "",
    ]);
  });

  it("checks what was delivered in the range only", async () => {
    const place = await openPlace();
    await deliverSome(place);
    const { stdout } = await place.uptake("reconcile", "--from", "30m");
    expect(stdout).toBe("0 deliveries checked: 0 missing, 0 doubled, 0 different\n");
  });

  it("does not send again what was deleted here, and ends with 1", async () => {
    const place = await openPlace();
    const { first } = await deliverSome(place);
    await place.db.query(`delete from langfuse_deliveries where ref <> $1`, [first.id]);
    await place.db.query(
      `update langfuse_deliveries set langfuse_ids = langfuse_ids || '{0123456789abcdef}'::text[] where ref = $1`,
      [first.id],
    );
    await place.db.query(`delete from ai_suggestions where id = $1`, [first.id]);
    const { code, stdout } = await place.uptake("reconcile", "--repair");
    expect(code).toBe(1);
    expect(stdout).toContain("1 delivery cannot be sent again, as the row is deleted here\n0 deliveries sent again\n");
    expect(await readOutbox(place.db)).toEqual([]);
  });

  it("waits as long as a 429 asks for, and goes on", async () => {
    const place = await openPlace();
    await deliverSome(place);
    place.standIn.failNext({ status: 429, retryAfter: 4 });
    const began = Date.now();
    const { code, stdout, stderr } = await place.uptake("reconcile");
    expect({ code, stdout }).toEqual({ code: 0, stdout: NOTHING_FOUND });
    expect(stderr).toContain("mirror.read_waits");
    expect(Date.now() - began).toBeGreaterThan(4000);
    // It met the question which Langfuse this is, that all readers share: asked again once, not over and over.
    const requests = place.standIn.requests();
    expect(requests["GET /api/public/observations"]).toBe(2);
    expect(requests["GET /api/public/v2/observations"]).toBe(6 + 6);
  });

  it("ends with 1 and the remedy for wrong keys, and with 2 without any", async () => {
    const place = await openPlace();
    await deliverSome(place);
    const wrong = { ...place.env, LANGFUSE_SECRET_KEY: "sk-lf-wrong" };
    const refused = await runUptake(["mirror", "reconcile"], { cwd: scratch, env: wrong });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY belong to one project");
    const { DATABASE_URL } = place.env;
    const keyless = await runUptake(["mirror", "reconcile"], {
      cwd: scratch,
      env: { DATABASE_URL: DATABASE_URL ?? "" },
    });
    expect(keyless.code).toBe(2);
    expect(keyless.stderr).toContain("no Langfuse keys are set");
  });

  it("stops at SIGINT while Langfuse does not answer, and ends with 130", async () => {
    const place = await openPlace();
    await deliverSome(place);
    place.standIn.setFailure({ hang: true });
    const { child, told, ended } = start(place, "reconcile");
    await eventually("it asks", () => place.standIn.requests()["GET /api/public/observations"] !== undefined, 30_000);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(told.text).toContain("0 deliveries checked: 0 missing, 0 doubled, 0 different\ninterrupted");
  });
});

describe("a finding of uptake mirror reconcile", () => {
  it("is named for what it is: feedback has scores, and an observation", async () => {
    const found = { problem: "missing", kind: "feedback", ref: "f-1", traceId: "t-1", detail: "" } as const;
    const reconcile: MirrorServices["reconcile"] = ({ onFinding }) => {
      onFinding({ ...found, langfuseId: "0123456789abcdef" });
      onFinding({ ...found, langfuseId: "0190f3a3-1111-7d10-8a11-5f6c2e9d4b07" });
      return Promise.resolve({ ...emptyReconcile, checkedCount: 1, missingCount: 2 });
    };
    const mirror = { ...fakeServices().mirror, reconcile };
    const { code, stdout } = await run(["mirror", "reconcile"], { services: { mirror } });
    expect(code).toBe(1);
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      "missing: observation 0123456789abcdef of feedback event f-1 in trace t-1",
      "missing: score 0190f3a3-1111-7d10-8a11-5f6c2e9d4b07 of feedback event f-1 in trace t-1",
    ]);
  });
});

function start({ env }: Place, ...args: string[]) {
  const child = spawn(process.execPath, [uptakeMain, "mirror", ...args], {
    cwd: scratch,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const told = { text: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.text += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, told, ended };
}

/** One suggestion that Langfuse refuses for good, delivered as far as it goes; `mendIt` removes the cause. */
async function buryOne(place: Place) {
  const [bad, good] = await insertSamples(place.db, 2);
  if (bad === undefined || good === undefined) throw new Error("two were inserted");
  await place.db.query(`update ai_suggestions set trace_id = 'not a trace id' where id = $1`, [bad.id]);
  await drain(mirrorTo(place.db, place.address).mirror);
  const mendIt = () => place.db.query(`update ai_suggestions set trace_id = $2 where id = $1`, [bad.id, bad.traceId]);
  return { bad, good, mendIt };
}

describe("uptake mirror status", () => {
  it("says what waits, what was delivered, and what died of what", async () => {
    const place = await openPlace();
    const { bad } = await buryOne(place);
    await insertSamples(place.db, 1, 2);
    await place.db.query(`update langfuse_outbox set created_at = now() - interval '3 minutes' where dead_at is null`);
    const { code, stdout, stderr } = await place.uptake("status");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      `Langfuse   ${place.address.baseUrl}`,
      expect.stringMatching(/^waiting {4}1 message, the oldest for 3m \d+s$/u),
      "delivered  1 trace, 0 feedback events; 1 message in the last minute",
      "dead       1 message",
      expect.stringMatching(
        new RegExp(
          `^  1 × trace: .*rule trace-id: trace_id is "[^"]*"; expected 32 hex digits.* \\(newest ${bad.id}, 2\\d{3}-.*Z\\)$`,
          "u",
        ),
      ),
      "workers    none was seen within a day",
      "verified   never; uptake verify sends samples and sees them arrive",
      "",
    ]);
    const json = JSON.parse((await place.uptake("status", "--json")).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ waitingCount: 1, deadCount: 1, deliveredTraceCount: 1, deliveredLastMinuteCount: 1 });
  });

  it("goes on with --watch until it is stopped, and ends with 0", async () => {
    const place = await openPlace();
    const { child, told, ended } = start(place, "status", "--watch");
    await eventually("the state is told", () => told.text.includes("dead       0 messages\n"), 30_000);
    await insertSamples(place.db, 2);
    const line = /^20\S+Z {2}2 waiting, the oldest for \d+s; 0\/min; 0 dead$/mu;
    await eventually("a line tells of what came", () => line.test(told.text));
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });
});

describe("uptake mirror retry", () => {
  it("puts dead letters back, which are delivered once the cause is gone", async () => {
    const place = await openPlace();
    const { bad, mendIt } = await buryOne(place);
    const none = await place.uptake("retry", "--kind", "feedback");
    expect(none).toEqual({ code: 0, stdout: "0 dead letters put back into the outbox\n", stderr: "" });
    await mendIt();
    const { code, stdout } = await place.uptake("retry", "--kind", "trace");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "1 dead letter put back into the outbox; uptake worker delivers what is in it\n",
    });
    await drain(mirrorTo(place.db, place.address).mirror);
    expect(await readOutbox(place.db)).toEqual([]);
    const rows = place.standIn.observations().filter(({ traceId }) => traceId === bad.traceId);
    expect(rows.map(({ id }) => id)).toEqual(bad.spanIds);
    expect(place.standIn.duplicates().observations).toEqual([]);
  });

  it("refuses an unknown kind with 2", async () => {
    const place = await openPlace();
    const { code, stderr } = await place.uptake("retry", "--kind", "span");
    expect(code).toBe(2);
    expect(stderr).toContain("Allowed choices are trace, feedback");
  });
});

describe("uptake mirror reexport", () => {
  it("brings an emptied Langfuse only what it does not have", async () => {
    const place = await openPlace();
    const { suggestions } = await deliverSome(place);
    const emptied = await startStandIn();
    const [kept] = suggestions;
    const [source] = await readTracesForMirror(place.db, [kept?.id ?? ""]);
    if (source === undefined) throw new Error("the suggestion is there");
    const client = createLangfuseClient({ ...emptied.address, fetch, timeoutMs: 5000 });
    await client.sendSpans(traceToSpans(source).map(outgoingSpan));
    const { code, stdout, stderr } = await place.uptake("reexport", "--from", "2h");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "12 messages put back into the outbox; uptake worker delivers them\n",
      stderr: "",
    });
    const again = await place.uptake("reexport", "--from", "2h");
    expect(again.stdout).toContain("12 messages left as they were in it already\n");
    await drain(mirrorTo(place.db, emptied.address).mirror);
    expect(emptied.standIn.observations()).toHaveLength(18 + 6); // an event for each feedback
    expect(emptied.standIn.currentScores()).toHaveLength(place.standIn.currentScores().length);
    expect(emptied.standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });

  it("warns of doubles with --force, and sends everything", async () => {
    const place = await openPlace();
    await deliverSome(place);
    const { code, stderr } = await place.uptake("reexport", "--from", "2h", "--force");
    expect(code).toBe(0);
    expect(stderr).toContain("traces that Langfuse still has will be there twice");
    await drain(mirrorTo(place.db, place.address).mirror);
    expect(place.standIn.duplicates().observations).toHaveLength(18 + 6);
  });

  it("asks for --from", async () => {
    const { code, stderr } = await runUptake(["mirror", "reexport"], { cwd: scratch });
    expect(code).toBe(2);
    expect(stderr).toContain("required option '--from <time>' not specified");
  });
});

describe("uptake mirror backfill", () => {
  it("counts with --dry-run, then enqueues what a worker delivers, and then finds nothing more", async () => {
    const place = await openPlace();
    await insertUntracked(place.db, 2);
    await insertUntracked(place.db, 1, { status: "pending" });
    const LEFT_OUT = "1 suggestion left out, as no run has ended there (pending)\n";
    expect(await place.uptake("backfill", "--from", "2026-01-01", "--dry-run")).toEqual({
      code: 0,
      stdout: `2 suggestions and 2 feedback events would be put into the outbox\n${LEFT_OUT}`,
      stderr: "",
    });
    expect(await place.uptake("backfill", "--from", "2026-01-01")).toEqual({
      code: 0,
      stdout: `2 suggestions and 2 feedback events put into the outbox; uptake worker delivers them\n${LEFT_OUT}`,
      stderr: "",
    });
    await drain(mirrorTo(place.db, place.address).mirror);
    const { stdout } = await place.uptake("backfill", "--from", "2026-01-01");
    expect(stdout).toBe(`0 suggestions and 0 feedback events put into the outbox\n${LEFT_OUT}`);
    expect(place.standIn.observations()).toHaveLength(2 * 2 + 2);
  });

  it("enqueues and delivers everything once when it is killed half way, with a worker beside it, and run again", async () => {
    const place = await openPlace();
    const rows = await insertUntracked(place.db, 600);
    const [held] = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(550);
    if (held === undefined) throw new Error("there are more than 550");
    // Somebody else is just enqueuing one message of the second page: there the command has to wait, and is killed.
    const commit = await openTransaction(place.db, (tx) =>
      tx.query(`insert into langfuse_outbox (kind, ref) values ('trace', $1)`, [held.id]),
    );
    const { child, ended } = start(place, "backfill", "--from", "2026-01-01");
    await eventually("the first page is enqueued", async () => (await readOutbox(place.db)).length > 0, 30_000);
    child.kill("SIGKILL");
    await ended;
    const { mirror } = mirrorTo(place.db, place.address, { visibilityDelayMs: 0 });
    await drain(mirror);
    expect(await readLedger(place.db)).toHaveLength(1000);
    await commit();
    const again = await place.uptake("backfill", "--from", "2026-01-01");
    expect(again.code).toBe(0);
    await drain(mirror);
    const ledger = (await readLedger(place.db)).map(({ kind, ref }) => `${kind} ${ref}`);
    expect(ledger.sort()).toEqual(
      rows.flatMap(({ id, feedbackId }) => [`trace ${id}`, `feedback ${feedbackId}`]).sort(),
    );
    expect(place.standIn.observations()).toHaveLength(3 * 600);
    expect(place.standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });

  it("asks for --from", async () => {
    const { code, stderr } = await runUptake(["mirror", "backfill"], { cwd: scratch });
    expect(code).toBe(2);
    expect(stderr).toContain("required option '--from <time>' not specified");
  });
});
