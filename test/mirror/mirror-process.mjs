/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-argument, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- plain JavaScript, outside the TypeScript project */
// A worker of its own process, for tests that kill it: copies from the database of argv[2] to the Langfuse of argv[3..5]
// until it is killed. Plain JavaScript over dist/, since a test starts it often.
import { createLangfuseClient } from "../../dist/langfuse/client.js";
import { createMirror } from "../../dist/mirror/mirror.js";
import { openPostgres } from "../../dist/store/postgres.js";

const [url, baseUrl, publicKey, secretKey, settings] = process.argv.slice(2);
const { timeoutMs, ...mirrorSettings } = JSON.parse(settings);
const say =
  (level) =>
  (event, facts = {}) =>
    process.stdout.write(`${JSON.stringify({ level, event, ...facts })}\n`);

const db = await openPostgres({ url, maxConnections: 4 });
const mirror = createMirror({
  db,
  langfuse: createLangfuseClient({ baseUrl, publicKey, secretKey, fetch, timeoutMs }),
  log: { info: say("info"), warn: say("warn"), error: say("error") },
  now: Date.now,
  random: Math.random,
  ...mirrorSettings,
});
mirror.start();
setInterval(() => {}, 60_000); // a mirror that rests does not hold its process; this one lives until it is killed
say("info")("started");
