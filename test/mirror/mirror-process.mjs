/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-argument, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- plain JavaScript, outside the TypeScript project */
// A worker of its own process, for tests that kill it: copies from the database of argv[2] to the Langfuse of argv[3..5]
// until it is killed. Plain JavaScript over dist/, since a test starts it often.
//
// It can stand still, as a process does that gets no processor: `stallAt` says at which of its posts (`nth`, from 1, of
// those whose path ends so), `before` it is sent, `after` it was answered, or after it was `refused`, at the next that is.
// SIGUSR2 asks for one of these.
import { createLangfuseClient } from "../../dist/langfuse/client.js";
import { createMirror } from "../../dist/mirror/mirror.js";
import { openPostgres } from "../../dist/store/postgres.js";

const [url, baseUrl, publicKey, secretKey, settings] = process.argv.slice(2);
const { timeoutMs, stallAt, ...mirrorSettings } = JSON.parse(settings);
let stall = stallAt;
process.on("SIGUSR2", () => {
  const when = ["before", "after", "refused"][Math.floor(Math.random() * 3)];
  stall = { when, path: "", nth: 1 };
});
const say =
  (level) =>
  (event, facts = {}) =>
    process.stdout.write(`${JSON.stringify({ level, event, ...facts })}\n`);

function standStill() {
  say("info")("stalls");
  process.kill(process.pid, "SIGSTOP");
}

async function stallingFetch(url, init) {
  const isIt = init?.method === "POST" && stall !== undefined && url.endsWith(stall.path) && --stall.nth <= 0;
  if (!isIt) return fetch(url, init);
  const { when } = stall;
  if (when !== "refused") stall = undefined;
  if (when === "before") standStill();
  const answer = await fetch(url, init);
  const body = await answer.text();
  if (when === "after") standStill();
  if (when === "refused" && !answer.ok && stall !== undefined) {
    stall = undefined;
    standStill();
  }
  return new Response(body, answer);
}

const db = await openPostgres({ url, maxConnections: 4 });
const mirror = createMirror({
  db,
  langfuse: createLangfuseClient({ baseUrl, publicKey, secretKey, fetch: stallingFetch, timeoutMs }),
  log: { info: say("info"), warn: say("warn"), error: say("error") },
  now: Date.now,
  random: Math.random,
  ...mirrorSettings,
});
mirror.start();
setInterval(() => {}, 60_000); // a mirror that rests does not hold its process; this one lives until it is killed
say("info")("started");
