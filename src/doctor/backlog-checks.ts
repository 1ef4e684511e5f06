import type { ApiKeyFacts } from "../domain/api-key.ts";
import type { DoctorFinding } from "../domain/doctor-report.ts";
import { DAY_MS } from "../domain/durations.ts";
import { hourOf, startOfHour } from "../domain/hour.ts";
import { monthOf } from "../domain/partition-report.ts";
import { checkRollup } from "../metrics/check-rollup.ts";
import { countUnplaced } from "../store/queries/count-unplaced.ts";
import { listApiKeys } from "../store/queries/list-api-keys.ts";
import { listMonths } from "../store/queries/list-months.ts";
import { readBacklog } from "../store/queries/read-backlog.ts";
import { readDeadLetters } from "../store/queries/read-dead-letters.ts";
import { readPendingErasures } from "../store/queries/read-pending-erasures.ts";
import { readQueueSizes } from "../store/queries/read-queue-sizes.ts";
import { readWorkers } from "../store/queries/read-workers.ts";
import { readGround } from "../store/schema-state.ts";
import type { Check } from "./check.ts";
import { isLoopbackHost } from "./config-checks.ts";
import type { DatabaseNeeds } from "./database-needs.ts";
import { finding, well } from "./findings.ts";

/** What waits in the database, and whether what was counted is what happened. */
export const BACKLOG_CHECKS: readonly Check<DatabaseNeeds>[] = [
  { name: "workers", run: workerFindings },
  { name: "mirror", run: mirrorFindings },
  { name: "dead letters", run: deadFindings },
  { name: "rollup", run: rollupFindings },
  { name: "erasures", run: erasureFindings },
  { name: "size of queues", run: bloatFindings },
  { name: "partitions", run: partitionFindings },
  { name: "API keys", run: keyFindings },
];

/** Said and not judged: a deployment that is just being made has none. What waits for too long is a finding by itself. */
async function workerFindings({ db }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const workers = await readWorkers(db);
  const running = workers.filter(({ state }) => state === "running").map(({ kind, host }) => `${kind} on ${host}`);
  const silentCount = workers.filter(({ state }) => state === "silent").length;
  const silent = silentCount === 0 ? "" : `; ${silentCount} went silent within a day`;
  const text = running.length === 0 ? "no worker runs" : `${running.length} run: ${running.join(", ")}`;
  return [well("workers.seen", `workers: ${text}${silent}`)];
}

async function mirrorFindings({ db, config, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const backlog = await readBacklog(db);
  const waiting = backlog.reduce((sum, kind) => sum + kind.waiting, 0);
  const oldest = Math.max(0, ...backlog.map(({ oldestWaitingSeconds }) => oldestWaitingSeconds ?? 0));
  const deltaCount = backlog[0]?.waitingDeltas ?? 0;
  const text = `${waiting} messages wait for Langfuse${waiting === 0 ? "" : `, the oldest for ${Math.round(oldest)} s`}`;
  const rollup =
    deltaCount > limits.waitingDeltaCount
      ? [finding("rollup.lag", `${deltaCount} deltas wait to be added up`)]
      : [well("rollup.waiting", `${deltaCount} deltas wait to be added up`)];
  if (config.langfuse === null && waiting > 0)
    return [finding("mirror.no_langfuse", `${text}, and no keys are set`), ...rollup];
  return [oldest > limits.lagSeconds ? finding("mirror.lag", text) : well("mirror.waiting", text), ...rollup];
}

const REASONS_SHOWN = 3;

async function deadFindings({ db }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const letters = await readDeadLetters(db, REASONS_SHOWN);
  if (letters.length === 0) return [well("mirror.none_dead", "Langfuse has refused nothing for good")];
  return letters.map(({ kind, reason, count }) =>
    finding("mirror.dead_letters", `${count} × ${kind} refused for good: ${reason.replaceAll(/\s+/gu, " ")}`),
  );
}

async function rollupFindings({ db, now, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const toHour = hourOf(new Date(now()));
  const places: string[] = [];
  const report = await checkRollup(db, {
    from: startOfHour(toHour - limits.checkedHourCount),
    to: startOfHour(toHour),
    repair: false,
    onDifference: ({ start, detail }) => void places.push(`${start.toISOString().slice(0, 13)}h: ${detail}`),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  if (report.differenceCount === 0)
    return [well("rollup.right", `the last ${report.checkedHourCount} closed hours are counted as they happened`)];
  return [
    finding(
      "rollup.differs",
      `${report.differenceCount} differences in the last ${limits.checkedHourCount} closed hours, such as ${places[0] ?? ""}`,
    ),
  ];
}

async function erasureFindings({ db, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const pending = await readPendingErasures(db);
  const late = pending.filter(({ ageSeconds }) => ageSeconds > limits.erasureSeconds);
  if (late.length === 0) return [well("erasures.state", `${pending.length} erasures are under way, none for too long`)];
  return late.map(({ id, ageSeconds, places }) =>
    finding("erasures.pending", `erasure ${id} is pending for ${Math.round(ageSeconds)} s: ${places.join(", ")}`),
  );
}

async function bloatFindings({ db, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const sizes = await readQueueSizes(db);
  const wrong = sizes.filter(
    ({ byteCount, deadRowCount }) => byteCount >= limits.queueBytes && deadRowCount >= limits.deadRowCount,
  );
  if (wrong.length === 0) return [well("bloat.none", "the queues' tables are no larger than they have to be")];
  return wrong.map(({ table, byteCount, deadRowCount }) =>
    finding("bloat.queue", `${table} has ${deadRowCount} dead rows in ${Math.round(byteCount / 1e6)} MB`),
  );
}

const MONTHS_AHEAD = 1;

async function partitionFindings({ db, now, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  if (!(await readGround(db)).partitioned) return [];
  const made = new Set(await listMonths(db));
  const unmade = [0, MONTHS_AHEAD].map((ahead) => monthOf(new Date(now()), ahead)).filter((month) => !made.has(month));
  const unplaced = (await countUnplaced(db, limits.unplacedCount + 1)).filter(
    ({ count }) => count > limits.unplacedCount,
  );
  const wrong = [
    ...unmade.map((month) => finding("partitions.unmade", `there is no partition for ${month.slice(0, 7)}`)),
    ...unplaced.map(({ table }) =>
      finding("partitions.crowded", `${table} holds more than ${limits.unplacedCount} rows`),
    ),
  ];
  return wrong.length > 0 ? wrong : [well("partitions.made", "this month and the next have their partitions")];
}

async function keyFindings({ db, config, now, limits }: DatabaseNeeds): Promise<readonly DoctorFinding[]> {
  const live = (await listApiKeys(db)).filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || expiresAt.getTime() > now()),
  );
  const isPrivate = isLoopbackHost(config.host) && config.allowedHosts.length === 0;
  if (live.length === 0 && !isPrivate) {
    return [
      finding(
        "keys.missing",
        `the service is to be called from elsewhere (host ${config.host}) and there are no API keys`,
      ),
    ];
  }
  const wrong = [
    ...expiring(live, now() + limits.expiringDays * DAY_MS),
    ...unused(live, now() - limits.unusedDays * DAY_MS),
  ];
  if (wrong.length > 0) return wrong;
  return [
    well(
      "keys.state",
      live.length === 0 ? "no API keys, and none are needed on this machine" : `${live.length} API keys are taken`,
    ),
  ];
}

const named = ({ publicKey, name }: ApiKeyFacts): string => `API key ${publicKey}${name === "" ? "" : ` (${name})`}`;

const expiring = (keys: readonly ApiKeyFacts[], before: number): readonly DoctorFinding[] =>
  keys
    .filter(({ expiresAt }) => expiresAt !== null && expiresAt.getTime() < before)
    .map((key) => finding("keys.expiring", `${named(key)} is taken until ${key.expiresAt?.toISOString() ?? ""}`));

/** A key that was just made has had no time to be used. */
const unused = (keys: readonly ApiKeyFacts[], since: number): readonly DoctorFinding[] =>
  keys
    .filter(({ lastUsedAt, createdAt }) => (lastUsedAt ?? createdAt).getTime() < since)
    .map((key) => {
      const { lastUsedAt, createdAt } = key;
      const when = lastUsedAt === null ? "was never used since" : "was last used on";
      return finding("keys.unused", `${named(key)} ${when} ${(lastUsedAt ?? createdAt).toISOString().slice(0, 10)}`);
    });
