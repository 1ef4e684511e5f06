/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-argument, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- plain JavaScript, outside the TypeScript project */
// An application of its own process, to be killed: tracks calls and gives feedback on them, as fast as it may, and says
// on standard output what has returned. argv[2] holds the options of createUptake.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createUptake } from "../../../dist/index.js";

const { callsAtOnce, pauseMs, ...options } = JSON.parse(process.argv[2]);
const log = { info() {}, warn() {}, error() {} };
const uptake = createUptake({ ...options, worker: false, log });
// At once and whole, so that a kill right after it takes nothing back.
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const reply = uptake.track("reply", async (index, run) => {
  const found = await run.observe("search", { type: "retriever", input: index }, async () => [`article ${index}`]);
  const text = await run.generate({ model: "gpt-4.1-mini", messages: found }, async () => `answer ${index}`);
  return run.suggest(text, { ticketId: `T-${index}`, confidence: 0.5 });
});

const acts = [
  { type: "approval" },
  { type: "revision", reason: "too generic", finalText: "something else" },
  { type: "rejection", reason: "wrong", agentId: "agent-7" },
];

/** Rejects while Postgres is away: then nothing was promised. */
async function judge(suggestionId, index) {
  try {
    const { feedbackId } = await uptake.feedback({ suggestionId, ...acts[index % acts.length] });
    say({ feedbackId });
  } catch (error) {
    say({ refused: String(error.code ?? error.message) });
  }
}

async function work(lane) {
  for (let index = lane; ; index += callsAtOnce) {
    const { suggestionId } = await reply(index);
    say({ suggestionId });
    if (index % 3 !== 0) await judge(suggestionId, index);
    await sleep(pauseMs);
  }
}

say({ event: "started" });
await Promise.all(Array.from({ length: callsAtOnce }, (_, lane) => work(lane)));
