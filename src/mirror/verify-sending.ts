import type { SendFailure } from "../langfuse/send-answer.ts";
import { type Attempt, createPatience, type Patience } from "./patience.ts";
import type { Check } from "./verify-check.ts";
import type { CheckedMessage, Sending } from "./verify-messages.ts";

/** Reasons by the ids of what was refused. */
type Rejected = ReadonlyMap<string, string>;

/** False where Langfuse takes nothing, so that there is no use in looking. */
export async function sendAll(check: Check): Promise<boolean> {
  const { messages, onProgress, problems } = check;
  const patience = createPatience(check);
  const total = messages.length;
  for (const [index, message] of messages.entries()) {
    if (patience.leftMs() === 0) {
      problems.add(`${total - index} of ${total} messages were not sent within ${patience.text}`);
      return true;
    }
    for (const { ids, send } of message.sendings) {
      const attempt = async (): Promise<Attempt<Rejected>> => {
        const answer = await send();
        return answer.kind === "accepted" ? { value: answer.rejected } : answer;
      };
      message.isUnderWay = true;
      const answer = await patience.ask(attempt, ["unavailable"]);
      message.isUnderWay = false;
      if (!noteAnswer(check, message, { ids, answer, patience })) return false;
    }
    onProgress("sent", index + 1, total);
  }
  return true;
}

/** Notes what was taken and what is wrong; false where the next one would fare no better. */
function noteAnswer(
  { now, problems }: Check,
  { sample, items }: CheckedMessage,
  { ids, answer, patience }: { ids: Sending["ids"]; answer: Attempt<Rejected>; patience: Patience },
): boolean {
  const rejected = "kind" in answer ? new Map<string, string>() : answer.value;
  if (!("kind" in answer) || answer.kind === "unsure") {
    const taken = new Set([...ids].filter(([eventId]) => !rejected.has(eventId)).map(([, langfuseId]) => langfuseId));
    for (const item of items) if (taken.has(item.langfuseId)) item.takenAt = now();
  }
  for (const [eventId, reason] of rejected) {
    const refused = items.find(({ langfuseId }) => langfuseId === ids.get(eventId));
    problems.add(`${refused?.kind} ${refused?.name} was refused: ${reason}`, sample.name);
  }
  if (!("kind" in answer)) return true;
  if (answer.kind === "unsure") problems.add(`${answer.message}; it may have been stored all the same`, sample.name);
  else if (isAboutContent(answer)) problems.add(answer.message, sample.name);
  else problems.add(patience.inVain(answer));
  return answer.kind === "unsure" || isAboutContent(answer);
}

const isAboutContent = (failure: SendFailure): boolean => failure.kind === "refused" && failure.aboutContent;
