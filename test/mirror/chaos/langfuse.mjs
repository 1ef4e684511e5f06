/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-argument, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- plain JavaScript, outside the TypeScript project */
// A Langfuse of its own process, to be killed: the stand-in behind a door that writes every request it takes to a file
// before anybody can see or hear of it, and reads the file at its start. So what it has once taken outlives a kill -9, as
// it does with Langfuse. argv: port, file, and the seed of the trouble that it makes by itself, or nothing for none.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createStandInLangfuse } from "../../../dist/testing.js";

const [port, file, seed = ""] = process.argv.slice(2);
let asked = 0;
/** From 0 up to 1; never in trouble without a seed. */
const random = () =>
  seed === "" ? 0.999 : createHash("sha256").update(`${seed}:${asked++}`).digest().readUInt32BE(0) / 2 ** 32;
const standIn = createStandInLangfuse();
const { baseUrl } = await standIn.start();

const kept = ["authorization", "content-type", "content-encoding", "x-langfuse-ingestion-version"];

/** Nothing is taken. */
const TROUBLES = [
  { share: 0.04, status: 500 },
  { share: 0.04, status: 503 },
  { share: 0.03, status: 429, headers: { "retry-after": "1" } },
  { share: 0.03, reset: true },
];
/** Taken, and nobody is told. */
const CUT_AFTER_TAKING = 0.05;
/** As over a network: most of a worker's time then lies before the taking and between that and the answer. */
const MAX_WAY_MS = seed === "" ? 0 : 80;

function pickTrouble() {
  let at = random();
  return TROUBLES.find(({ share }) => (at -= share) < 0);
}

async function readAll(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function handle(request, response) {
  const { method, url } = request;
  const body = await readAll(request);
  const headers = Object.fromEntries(
    kept.flatMap((name) => (name in request.headers ? [[name, request.headers[name]]] : [])),
  );
  if (method === "POST") {
    const trouble = pickTrouble();
    await sleep(random() * MAX_WAY_MS);
    if (trouble?.reset) return request.socket.resetAndDestroy();
    if (trouble) return response.writeHead(trouble.status, trouble.headers).end('{"message":"trouble"}');
    // A sender that has given up is not served any more. Langfuse may serve it a little later all the same, which is what
    // the mirror's delays are for; but on a busy machine a little is more than the short ones of a test.
    if (request.socket.destroyed) return undefined;
    appendFileSync(file, `${JSON.stringify({ url, headers, body: body.toString("base64") })}\n`);
  }
  const answer = await fetch(baseUrl + url, { method, headers, ...(method === "POST" ? { body } : {}) });
  const text = await answer.text();
  await sleep(random() * MAX_WAY_MS);
  if (method === "POST" && random() < CUT_AFTER_TAKING) return request.socket.destroy();
  return response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
}

// A line that was cut off by a kill was never taken.
const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
for (const line of lines) {
  const { url, headers, body } = JSON.parse(line);
  await fetch(baseUrl + url, { method: "POST", headers, body: Buffer.from(body, "base64") });
}
// A client that goes away in the middle of its request has asked for nothing.
createServer((request, response) => void handle(request, response).catch(() => request.socket.destroy())).listen(
  Number(port),
  "127.0.0.1",
  () => process.stdout.write('{"event":"started"}\n'),
);
