/**
 * What tracking one call costs the process that makes it: Uptake, durable write included, beside the SDKs of others, all
 * against the bare function, in interleaved rounds of one run.
 *
 *     npx tsx bench/overhead.ts [--quick] [--rounds 3] [--only uptake]
 *
 * Every arm is a process of its own. Postgres, the sinks on loopback that take what the SDKs send, and Uptake's worker are
 * other processes: their CPU is not counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres } from "../test/support/postgres-server.ts";
import { median, table, writeSection } from "./report.ts";
import { arms, type ArmName } from "./tracking/arm.ts";
import type { Concurrent, Load, Measured, Serial, Steady } from "./tracking/loads.ts";
import { peerVersions, prepare } from "./tracking/prepare.ts";
import type { Trouble } from "./tracking/sink.ts";
import { createStage, type Mirror, type Player, type Stage } from "./tracking/stage.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    only: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
/** With Langfuse in trouble every case begins with processes of its own, which takes as long as to measure it. */
const troubleRounds = Math.min(rounds, 2);

// Three rounds of all of it take eight minutes. A round counts what some thousand calls cost; more of them in a row would
// tell less than another round does, with the neighbours of another minute.
const steady: Steady = { kind: "steady", rate: 2_000, seconds: 2.5 };
const serial: Serial = { kind: "serial", calls: 2_000 };
const concurrent: Concurrent = { kind: "concurrent", callers: 20, modelMs: 5, seconds: 1.5 };
const paced: Concurrent = { ...concurrent, rate: 500, seconds: 3 };
const warmUps: readonly Load[] = [
  { ...steady, seconds: 2 },
  { ...serial, calls: 500 },
  { ...concurrent, seconds: 0.5 },
];
const pacedWarmUp: Concurrent = { ...paced, seconds: 1.5 };

type Figures = {
  readonly steady: Measured[];
  readonly serial: Measured[];
  readonly concurrent: Measured[];
  arrived: number[];
};

const isWanted = (name: string): boolean =>
  options.only === undefined || name === "bare" || name.includes(options.only);
const pick = (of: readonly Measured[], key: keyof Measured): number => median(of.map((measured) => measured[key]));

async function measureArms(stage: Stage): Promise<ReadonlyMap<ArmName, Figures>> {
  const names = (Object.keys(arms) as ArmName[]).filter(isWanted);
  const players: { name: ArmName; player: Player; figures: Figures }[] = [];
  for (const name of names) {
    const player = await stage.play(name);
    players.push({ name, player, figures: { steady: [], serial: [], concurrent: [], arrived: [] } });
    for (const load of warmUps) await player.run(load);
  }
  for (let round = 0; round < rounds; round++) {
    // Every round begins with another one, so that none always follows the same neighbour.
    for (let turn = 0; turn < players.length; turn++) {
      const now = players[(turn + round) % players.length];
      if (now === undefined) continue;
      const { player, figures, name } = now;
      console.error(`round ${round + 1} of ${rounds}: ${name}`);
      figures.steady.push(await player.run(steady));
      figures.concurrent.push(await player.run(concurrent));
      const flatOut = await player.run(serial);
      figures.serial.push(flatOut);
      figures.arrived.push((await player.arrivedOf(flatOut)) / flatOut.callCount);
    }
  }
  for (const { player } of players) await player.stop();
  return new Map(players.map(({ name, figures }) => [name, figures]));
}

const troubles: readonly { trouble: Trouble; title: string }[] = [
  { trouble: "none", title: "answers" },
  { trouble: "hang", title: "hangs" },
  { trouble: "refuse", title: "refuses connections" },
  { trouble: "500", title: "answers 500" },
];

type Troubled = { readonly title: string; readonly rounds: Measured[] };
type Case = Troubled & { readonly arm: ArmName; readonly mirror: Mirror; readonly trouble: Trouble };

const cases = (): readonly Case[] => {
  const calm = { mirror: "none" as const, trouble: "none" as const };
  const places = [
    { where: "another process", mirror: "beside" as const },
    { where: "the same process", mirror: "within" as const },
  ];
  return [
    { ...calm, title: "bare function", arm: "bare", rounds: [] },
    { ...calm, title: "no mirror", arm: "uptake-background", rounds: [] },
    ...places.flatMap(({ where, mirror }) =>
      troubles.map(({ trouble, title }): Case => {
        return {
          title: `mirror in ${where}, Langfuse ${title}`,
          arm: "uptake-background",
          mirror,
          trouble,
          rounds: [],
        };
      }),
    ),
  ];
};

/**
 * `background` at a pace that the whole machine can follow, while the mirror has to do with a Langfuse in trouble. Each time
 * with a new database and new processes: what one trouble has left waiting would be delivered while the next is measured.
 */
async function measureTroubles(stage: Stage): Promise<readonly Troubled[]> {
  const all = cases();
  for (let round = 0; round < troubleRounds; round++) {
    for (const { title, arm, mirror, trouble, rounds: measured } of all) {
      console.error(`round ${round + 1} of ${troubleRounds}: ${title}`);
      const player = await stage.play(arm, { mirror });
      await player.run(pacedWarmUp);
      await player.trouble(trouble);
      measured.push(await player.run(paced));
      await player.stop();
    }
  }
  return all;
}

const digits = (value: number, count = 1): string => (Number.isFinite(value) ? value.toFixed(count) : "–");

function armRows(results: ReadonlyMap<ArmName, Figures>): string[][] {
  const bare = results.get("bare");
  if (bare === undefined) throw new Error("the bare function was not measured");
  const added = (figures: Figures, load: "steady" | "serial" | "concurrent", key: keyof Measured): number =>
    median(figures[load].map((measured, round) => measured[key] - (bare[load][round]?.[key] ?? Number.NaN)));
  return [...results].map(([name, figures]) => {
    const isBare = name === "bare";
    const cpu = figures.steady.map((measured, round) => measured.cpuUs - (bare.steady[round]?.cpuUs ?? Number.NaN));
    const range = `${digits(Math.min(...cpu), 0)}–${digits(Math.max(...cpu), 0)}`;
    const isSent = name !== "bare" && name !== "stringify";
    return [
      arms[name].title,
      ...(isBare ? [`(${digits(pick(figures.steady, "cpuUs"), 0)})`, "–"] : [digits(median(cpu), 0), range]),
      isBare ? `(${digits(pick(figures.serial, "meanUs"))})` : digits(added(figures, "serial", "meanUs")),
      isBare ? `(${digits(pick(figures.concurrent, "p50Ms"), 2)})` : digits(added(figures, "concurrent", "p50Ms"), 2),
      isBare ? `(${digits(pick(figures.concurrent, "p99Ms"), 2)})` : digits(added(figures, "concurrent", "p99Ms"), 2),
      digits(pick(figures.concurrent, "stallMs")),
      digits(Math.max(...figures.serial.map(({ peakRssMb }) => peakRssMb)), 0),
      isSent ? digits(median(figures.arrived) * 100) : "–",
    ];
  });
}

function troubleRows(results: readonly Troubled[]): string[][] {
  return results.map(({ title, rounds }) => [
    title,
    digits(pick(rounds, "p50Ms"), 2),
    digits(pick(rounds, "p99Ms"), 2),
    digits(pick(rounds, "stallMs")),
    digits(pick(rounds, "callCpuUs"), 0),
    digits(Math.max(...rounds.map(({ peakRssMb }) => peakRssMb)), 0),
  ]);
}

function report(results: ReadonlyMap<ArmName, Figures>, troubled: readonly Troubled[]): void {
  const head = ["", "CPU µs per call", "range", "call-site µs", "p50 ms", "p99 ms", "stall ms", "RSS MB", "arrived %"];
  const troubleHead = ["", "p50 ms", "p99 ms", "stall ms", "CPU µs per call", "RSS MB"];
  writeSection("overhead", [
    "## What tracking a call costs",
    "",
    `\`npx tsx bench/overhead.ts${options.quick ? " --quick" : ""}\`: every arm in a process of its own, medians of`,
    `${rounds} interleaved round${rounds === 1 ? "" : "s"}. 2 kB of messages in, 600 B out, model, parameters, usage, prompt and metadata; the SDKs at their`,
    "defaults (`bench/peers`), sending to a sink on loopback. CPU is the calling process's at a steady",
    `${steady.rate} calls a second, flush included, above the bare function's; call-site is what one call takes longer when`,
    `${serial.calls} follow each other flat out; p50 and p99 are what ${concurrent.callers} callers of a ${concurrent.modelMs} ms call wait longer; the stall is the`,
    "longest that those callers' event loop was busy at a stretch, by the clock and by CPU time; RSS is the peak of it all.",
    "Uptake's figures include its durable write: `commit` returns when Postgres has it, `background` when the spool has it,",
    "and `arrived` is in Postgres; for the others it is at the sink, of the flat-out calls, after their own flush. In brackets:",
    "the bare function itself.",
    "",
    `${peerVersions()}.`,
    "Laminar's is the last version that runs on Node 20, sending over HTTP, since the sink speaks no gRPC.",
    "",
    table(head, armRows(results)),
    "",
    `And with \`background\` at ${paced.rate} calls a second while the mirror runs, the call and its ${paced.modelMs} ms included; medians of`,
    `${troubleRounds} round${troubleRounds === 1 ? "" : "s"}, each in new processes on a new database:`,
    "",
    table(troubleHead, troubleRows(troubled)),
  ]);
}

async function main(): Promise<void> {
  prepare();
  const scratch = mkdtempSync(join(tmpdir(), "uptake-overhead-"));
  const postgres = await startPostgres();
  const stage = createStage(postgres.url, scratch);
  try {
    const results = await measureArms(stage);
    const troubled = await measureTroubles(stage);
    report(results, troubled);
  } finally {
    await stage.close();
    await postgres.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
