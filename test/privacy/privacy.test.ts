import { expect, it } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import type { FeedbackRow } from "../../src/domain/feedback-row.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { asItIs, MASK_RULES, parseContent } from "../../src/domain/privacy.ts";
import type { OwnRule } from "../../src/privacy/own-rules.ts";
import { createPrivacy } from "../../src/privacy/privacy.ts";
import { surroundings } from "../../src/server/surroundings.ts";
import { createLogBook } from "../mirror/set-up.ts";

function privacyOf(content: string, own: readonly OwnRule[] = [], log = silentLogger) {
  const parsed = parseContent(content) ?? { general: "full", byFunction: new Map() };
  return createPrivacy({ content: parsed, builtIn: MASK_RULES, own, log, ruleTimesMs: [1_000] });
}

const feedbackRow: FeedbackRow = {
  id: "1",
  suggestionId: "2",
  traceId: "3",
  rootObservationId: null,
  observationId: null,
  functionName: "draft",
  ticketId: null,
  messageId: null,
  systemUserId: null,
  environment: null,
  release: null,
  promptVersion: null,
  confidenceScore: null,
  status: "completed",
  type: "approval",
  reason: null,
  otherReasons: [],
  comment: null,
  finalText: null,
  agentId: null,
  source: "explicit",
  keptRatio: null,
  timeToFeedbackMs: null,
  createdAt: new Date(0),
  metadata: {},
  suggestedResponse: null,
  tags: null,
};
const words = { reasons: ["tone"], comment: "mia@example.com", finalText: "mia@example.com", metadata: {} };

it("is nothing at all where every text is kept as it is", () => {
  expect(privacyOf("full,draft=full")).toBe(asItIs);
});

it("does by agent function what is said for it", () => {
  const privacy = privacyOf("full,draft=masked,quiet=none");
  expect(privacy.words(words, "other")).toBe(words);
  expect(privacy.words(words, "draft")).toMatchObject({ comment: "[email]", finalText: "[email]", reasons: ["tone"] });
  expect(privacy.words(words, "quiet")).toMatchObject({ comment: null, finalText: null, reasons: ["tone"] });
});

it("masks the metadata of a feedback event on its way out, though Langfuse is sent none of it today", () => {
  const { metadata } = privacyOf("masked").feedback({ ...feedbackRow, metadata: { more: "mia@example.com" } });
  expect(metadata).toEqual({ more: "[email]" });
});

it("masks what is logged, by whatever part, as soon as any text is masked", () => {
  const said = (content: string) => {
    const book = createLogBook();
    const config = readConfig({ code: { content }, environment: {} });
    surroundings(config, { log: book.log }).log.warn("mirror.refused", { error: "400 mia@example.com" });
    return book.named("mirror.refused").map(({ facts }) => facts);
  };
  expect(said("full,quiet=masked")).toEqual([{ error: "400 [email]" }]);
  expect(said("full")).toEqual([{ error: "400 mia@example.com" }]);
});

it("compares both texts masked alike, and where none is stored what the caller says was suggested", () => {
  const privacy = privacyOf("masked,quiet=none");
  const stored = { id: "1", functionName: "draft", suggestedResponse: "Hi [email]" };
  expect(privacy.compared(stored, "Hi mia@example.com", undefined)).toEqual({
    suggested: "Hi [email]",
    sent: "Hi [email]",
  });
  const dropped = { id: "2", functionName: "quiet", suggestedResponse: "" };
  expect(privacy.compared(dropped, "Hi Jo", "Hi Mia")).toEqual({ suggested: "Hi Mia", sent: "Hi Jo" });
  expect(privacy.compared(dropped, "Hi Jo", undefined)).toEqual({ suggested: "", sent: "Hi Jo" });
});

it("keeps what refers to the trace, whatever a rule of the application finds", () => {
  const privacy = privacyOf("masked", [{ name: "digits", pattern: /\d/ }]);
  const metadata = { trace_id: "0198", observation_id: "12", about: "room 5" };
  expect(privacy.words({ ...words, metadata }, "draft").metadata).toEqual({ ...metadata, about: "room [digits]" });
});

it("logs a failing rule once, with how many texts it cost", () => {
  const book = createLogBook();
  const bad = {
    name: "bad",
    mask: () => {
      throw new Error("no");
    },
  };
  const privacy = privacyOf("masked", [bad], book.log);
  for (let times = 0; times < 5; times++) expect(privacy.text("hello", "draft")).toBe("[masked: rule failed]");
  expect(book.named("privacy.rule_failed").map(({ facts }) => facts)).toEqual([
    { rule: "bad", reason: "threw", count: 1 },
  ]);
});
