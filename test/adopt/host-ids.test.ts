import { newId } from "../../src/domain/ids.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createUptake, type Uptake } from "../../src/create-uptake.ts";
import { type Logger, silentLogger } from "../../src/domain/logger.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { sampleRecord } from "../mirror/rows.ts";
import { startHost, suggest, type Host } from "./host.ts";

const settings = {
  projectId: "default",
  functionName: "generate-message-suggestion",
  environment: "production",
  lockTimeoutMs: 1_000,
};

async function adoptedHost(log: Logger = silentLogger): Promise<Host & { uptake: Uptake }> {
  const host = await startHost();
  await adopt(host.db, settings, () => {});
  const spoolDir = mkdtempSync(join(tmpdir(), "uptake-spool-"));
  onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }));
  const uptake = createUptake({ databaseUrl: host.url, spoolDir, log, worker: false });
  onTestFinished(() => uptake.close());
  return { ...host, uptake };
}

it("of a list of feedback, an agent's id that the host's type cannot hold is refused by its place; the others are written", async () => {
  const host = await adoptedHost();
  const suggestionId = await suggest(host, host.ticketId, "One.");
  const { profileId } = host.agent;
  const results = await host.uptake.feedback([
    { suggestionId, type: "approval", agentId: profileId },
    { suggestionId, type: "approval", agentId: "jo" },
    { suggestionId, type: "rejection", reason: "error", agentId: `{${profileId.toUpperCase().replaceAll("-", "")}}` },
  ]);
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
  expect(results[1]).toMatchObject({
    error: {
      code: "invalid_input",
      message:
        'feedback[1].agentId: got "jo"; expected a value of type uuid, the type of ai_feedback_events.agent_id in this ' +
        "application's database; give the id as it stands there",
    },
  });
  const rows = await host.db.query("select agent_id as id from ai_feedback_events");
  expect(rows).toEqual([{ id: profileId }, { id: profileId }]);
  await expect(host.uptake.feedback({ suggestionId, type: "approval", agentId: "jo" })).rejects.toThrow(
    /^feedback.agentId: got "jo"/,
  );
});

it("what was sent for a ticket, a message or by an agent with such an id is refused by its place", async () => {
  const host = await adoptedHost();
  await suggest(host, host.ticketId, "One.");
  const { ticketId, uptake } = host;
  const sent = (over: object) => uptake.sent({ ticketId, finalText: "One.", agentId: host.agent.profileId, ...over });
  await expect(sent({ ticketId: "T-4711" })).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringMatching(/^sent.ticketId: got "T-4711"; expected a value of type uuid/) as unknown,
  });
  await expect(sent({ messageId: "m1" })).rejects.toThrow(/^sent.messageId: got "m1"/);
  await expect(sent({ agentId: "jo" })).rejects.toThrow(/^sent.agentId: got "jo"/);
  expect(await sent({})).toMatchObject({ type: "approval", created: true });
});

it("a tracked call with such an id says so, once, and takes none of the others of its batch with it", async () => {
  const refused: unknown[] = [];
  const error: Logger["error"] = (event, facts) => void (event === "track.refused" && refused.push(facts));
  const host = await adoptedHost({ ...silentLogger, error });
  const draft = host.uptake.track("draft-reply", (ticketId: string, run) =>
    run.suggest("Text", { ticketId, confidence: 0.5, systemUserId: host.admin.profileId }),
  );
  const calls = [host.ticketId, "T-4711", host.otherTicketId].map((ticketId) => draft(ticketId));
  expect(calls.map(({ text }) => text)).toEqual(["Text", "Text", "Text"]);
  await expect(host.uptake.flush()).rejects.toThrow(/1 records are not committed/);
  const rows = await host.db.query<{ id: string }>("select ticket_id as id from ai_suggestions");
  expect(rows.map(({ id }) => id).sort()).toEqual([host.ticketId, host.otherTicketId].sort());
  const message = expect.stringMatching(/^suggestion.ticketId: got "T-4711"; expected a value of type uuid/) as unknown;
  expect(refused).toMatchObject([{ code: "invalid_input", error: message, count: 1 }]);
});

it("an error that no id explains stays what it is", async () => {
  const host = await adoptedHost();
  const record = sampleRecord(1);
  const bad = { ...record, ticketId: newId(), messageId: null, systemUserId: null };
  await expect(insertSuggestions(host.db, [rowOf(bad)])).rejects.toMatchObject({ code: "23503" });
});
