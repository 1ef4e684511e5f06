import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, readModelAnswer, textOf } from "../../track/model-answer.ts";
import { describeFinish, isCutShort } from "../finish.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What an answer says: of a chat completion or a response the answer, of embeddings how many there are. */
export function describeAnswer(answer: unknown): HandMadeUpdate {
  const read = readModelAnswer(answer);
  if (read === undefined || !isObject(answer)) return { output: answer };
  const reason = Array.isArray(answer["choices"]) ? reasonOfChoices(answer["choices"]) : reasonOfResponse(answer);
  return { ...read, ...describeFinish(reason), ...failureOf(answer) };
}

/** Vectors are large and tell a reader nothing, so their number and size stand for them. */
export function describeEmbeddings(answer: unknown): HandMadeUpdate {
  if (!isObject(answer) || !Array.isArray(answer["data"])) return { output: answer };
  const first: unknown = answer["data"][0];
  const about = readModelAnswer({ ...answer, choices: [] });
  const output = { embeddings: answer["data"].length, dimensions: dimensionsOf(first) };
  return { model: about?.model, usage: about?.usage, output };
}

const BYTES_PER_FLOAT = 4;

function dimensionsOf(item: unknown): number | undefined {
  const embedding = isObject(item) ? item["embedding"] : undefined;
  // The client asks for base64 where the caller states no format, and decodes it later.
  if (typeof embedding === "string") return Buffer.byteLength(embedding, "base64") / BYTES_PER_FLOAT;
  return Array.isArray(embedding) ? embedding.length : undefined;
}

function reasonOfChoices(choices: readonly unknown[]): string | undefined {
  const reasons = choices.map((choice) => (isObject(choice) ? textOf(choice["finish_reason"]) : undefined));
  return reasons.find((reason) => reason !== undefined && isCutShort(reason)) ?? reasons[0];
}

function reasonOfResponse(response: Fields): string | undefined {
  const incomplete = response["incomplete_details"];
  return (isObject(incomplete) ? textOf(incomplete["reason"]) : undefined) ?? textOf(response["status"]);
}

/** A response may fail with status 200. */
function failureOf(response: Fields): HandMadeUpdate {
  const error = response["status"] === "failed" ? response["error"] : undefined;
  if (!isObject(error)) return {};
  return { level: "ERROR", statusMessage: textOf(error["message"]) ?? textOf(error["code"]) };
}
