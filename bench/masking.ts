/**
 * What masking a text of 2 kB costs, in which the built-in rules find nothing, and in which they find something; beside
 * `JSON.stringify` of the same text, in interleaved rounds of one run.
 *
 *     npx tsx bench/masking.ts [--rounds 15]
 */
import { parseArgs } from "node:util";
import { MASK_RULES } from "../src/domain/privacy.ts";
import { createMasker } from "../src/privacy/masker.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(options.rounds);
const CALLS = 2_000;
const TEXT_CHARS = 2_048;

const sentence =
  "Thank you for writing in. Order 10248-2231 left our warehouse on 2026-11-24 at 14:05, so it should be with you within two working days. ";
const prose = sentence.repeat(20).slice(0, TEXT_CHARS);
const withSecrets = `${prose.slice(0, -60)} mia@example.com, +49 30 1234567, 4111 1111 1111 1111`;
const traceId = "0198f2a45b6c7d8e9f01234567890abc";
const observation = {
  id: traceId.slice(0, 16),
  parentId: null,
  type: "agent",
  name: "draft-reply",
  startTime: "2026-11-26T03:56:08.123Z",
  endTime: "2026-11-26T03:56:09.456Z",
  input: { ticketId: "42", messages: [{ role: "user", content: prose.replaceAll(". ", ".\n") }] },
};
const json = JSON.stringify([observation]);
const masker = createMasker({ builtIn: MASK_RULES, own: [], onFailure: () => {} });
const own = createMasker({
  builtIn: MASK_RULES,
  own: [{ name: "customer", pattern: /\bKD-\d{6}\b/ }],
  onFailure: () => {},
});

const cases: Readonly<Record<string, () => unknown>> = {
  "`JSON.stringify` of the text": () => JSON.stringify(prose),
  "the text, nothing found": () => masker.text(prose),
  "JSON of an observation with the text, nothing found": () => masker.json(json),
  "the text, an e-mail, a phone and a card found": () => masker.text(withSecrets),
  "the text, nothing found, with one own pattern": () => own.text(prose),
};

const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
for (let round = -2; round < rounds; round++) {
  for (const [name, run] of Object.entries(cases)) {
    const startUs = cpuUs();
    for (let call = 0; call < CALLS; call++) run();
    if (round >= 0) times.get(name)?.push((cpuUs() - startUs) / CALLS);
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const base = median(times.get("`JSON.stringify` of the text") ?? []);
const rows = [...times].map(([name, taken]) => {
  const us = median(taken);
  return [name, us.toFixed(1), (us / base).toFixed(1)];
});
const text = [
  `CPU time of one call on ${TEXT_CHARS} characters, median of ${rounds} rounds of ${CALLS} calls. Where nothing is masked (\`content: full\`) no call is made at all.`,
  "",
  table(["what", "µs", "× `JSON.stringify`"], rows),
];
writeSection("masking", text);
