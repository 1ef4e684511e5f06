import { setTimeout as sleep } from "node:timers/promises";
import type { MirrorFinding } from "../domain/mirror-report.ts";
import { MAX_SCORE_IDS, type ReadBackRow } from "../langfuse/read-back-rows.ts";
import type { SendFailure } from "../langfuse/send-answer.ts";
import { compareDelivery } from "./compare.ts";
import { type Attempt, createPatience, type Patience } from "./patience.ts";
import { failureOf } from "./read-back.ts";
import type { Check } from "./verify-check.ts";
import type { CheckedItem, CheckedMessage } from "./verify-messages.ts";

/** Between looks: close together at first, for the delay is measured by them; then rarer, as reads are limited. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

/**
 * Looks for everything that Langfuse took until it is there and as it should be. What is different is looked at again as
 * well, for Langfuse may still be merging.
 */
export async function lookForAll(check: Check): Promise<void> {
  const patience = createPatience(check);
  const taken = check.messages.flatMap(({ items }) => items.filter(isTaken));
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const failure = await look(check, patience);
    check.onProgress("seen", taken.filter(({ seenAt }) => seenAt !== null).length, taken.length);
    if (failure !== undefined) {
      check.problems.add(`Langfuse cannot be read: ${patience.inVain(failure)}`);
      return;
    }
    if (check.messages.every(isSettled) || patience.leftMs() === 0) break;
    await sleep(Math.min(pauseMs, patience.leftMs()), undefined, { signal: check.signal });
  }
  for (const message of check.messages) noteProblems(check, message, patience);
}

const isTaken = ({ takenAt }: CheckedItem): boolean => takenAt !== null;

/** Nothing of it was taken, or all that was is there as it should be. */
const isSettled = ({ items, findings }: CheckedMessage): boolean => !items.some(isTaken) || findings?.length === 0;

/** One request for each trace and for every {@link MAX_SCORE_IDS} scores that are not settled, one after the other. */
async function look(check: Check, patience: Patience): Promise<SendFailure | undefined> {
  const { langfuse, now } = check;
  const open = check.messages.filter((message) => !isSettled(message));
  const scoreIds = open.flatMap(({ items }) =>
    items.filter((item) => isTaken(item) && item.kind === "score").map(({ langfuseId }) => langfuseId),
  );
  const reads = [...new Set(open.map(({ traceId }) => traceId))].map((id) => () => langfuse.readObservations(id));
  for (let at = 0; at < scoreIds.length; at += MAX_SCORE_IDS) {
    const chunk = scoreIds.slice(at, at + MAX_SCORE_IDS);
    reads.push(() => langfuse.readScores(chunk));
  }
  const rows: ReadBackRow[] = [];
  for (const read of reads) {
    const attempt = (): Promise<Attempt<readonly ReadBackRow[]>> => read().then((value) => ({ value }), failureOf);
    const answer = await patience.ask(attempt, ["unavailable", "unsure"]);
    if ("kind" in answer) return answer;
    rows.push(...answer.value);
    noteSeen(open, answer.value, now());
  }
  for (const message of open) message.findings = findingsOf(message, rows);
  return undefined;
}

function noteSeen(messages: readonly CheckedMessage[], rows: readonly ReadBackRow[], at: number): void {
  const ids = new Set(rows.map(({ id }) => id));
  for (const item of messages.flatMap(({ items }) => items)) if (ids.has(item.langfuseId)) item.seenAt ??= at;
}

/** What was refused is not looked for. */
function findingsOf({ expected, items }: CheckedMessage, rows: readonly ReadBackRow[]): MirrorFinding[] {
  const taken = new Set(items.filter(isTaken).map(({ langfuseId }) => langfuseId));
  const looked = new Map([...expected.items].filter(([id]) => taken.has(id)));
  return compareDelivery({ ...expected, items: looked }, rows);
}

function noteProblems({ problems }: Check, { sample, items, findings }: CheckedMessage, { text }: Patience): void {
  const nameOf = ({ langfuseId }: MirrorFinding): string => {
    const item = items.find((candidate) => candidate.langfuseId === langfuseId);
    return `${item?.kind} ${item?.name}`;
  };
  const missing = (findings ?? []).filter(({ problem }) => problem === "missing").map(nameOf);
  if (missing.length > 0) problems.add(`taken, but not seen within ${text}: ${missing.join(", ")}`, sample.name);
  for (const finding of findings ?? []) {
    const { problem, detail } = finding;
    if (problem !== "missing") problems.add(`${nameOf(finding)} is ${problem}: ${detail}`, sample.name);
  }
}
