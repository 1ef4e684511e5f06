import { DAY_MS } from "../domain/durations.ts";
import type { Logger } from "../domain/logger.ts";
import { type DailyLimit, isMust, WARNING_SHARE } from "../domain/sampling.ts";
import type { Database, Queryable } from "../store/database.ts";
import { type ChargedMessage, lockDays, readCharged, spendUnits } from "../store/queries/charge-units.ts";
import type { ClaimedMessage, MessageKind } from "../store/queries/claim-messages.ts";
import type { HeldMessage } from "../store/queries/hold-messages.ts";
import type { LeavingTrace } from "../store/queries/leave-out-traces.ts";
import type { Delivery } from "./delivery.ts";
import type { SamplingSettlement, Sifted } from "./sampling-settlement.ts";

export type BudgetDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly limit: DailyLimit;
  readonly settle: SamplingSettlement;
  readonly now: () => number;
};

/** What one delivery asks of the day. */
type Wish = { readonly delivery: Delivery; readonly standing: ChargedMessage; readonly unitCount: number };

/** As Langfuse bills them: each observation and score, and a trace for itself. */
const unitsOf = (kind: MessageKind, { langfuseIds }: Delivery): number =>
  langfuseIds.length + (kind === "trace" ? 1 : 0);

type Tell = (projectId: string, unitCount: number, isSpent: boolean) => void;

/** Warns once a project and day, in this process. */
function createTelling({ log, limit, now }: Pick<BudgetDeps, "log" | "limit" | "now">): Tell {
  const told = new Map<string, string>();
  return (projectId, unitCount, isSpent) => {
    const day = dayOf(now());
    const facts = { projectId, day, unitCount, limit: limit.amount };
    if (isSpent && limit.stops && told.get(projectId) !== `${day} spent`) {
      told.set(projectId, `${day} spent`);
      log.warn("mirror.budget_spent", facts);
    } else if (unitCount >= limit.amount * WARNING_SHARE && told.get(projectId)?.startsWith(day) !== true) {
      told.set(projectId, `${day} warned`);
      log.warn("mirror.budget_warning", facts);
    }
  };
}

type Spending = { readonly limit: DailyLimit; readonly day: string; readonly tell: Tell };

/** Counts what the day has room for; those that no budget leaves out come first. Resolves to the wishes that it has not. */
async function spend(tx: Queryable, wishes: readonly Wish[], { limit, day, tell }: Spending): Promise<readonly Wish[]> {
  const projectIds = [...new Set(wishes.map(({ standing }) => standing.projectId))];
  const days = await lockDays(tx, projectIds, day);
  const before = new Map(days.map(({ projectId, unitCount }) => [projectId, unitCount]));
  const spent = new Map<string, number>();
  const refused = new Set<Wish>();
  for (const wish of wishes.toSorted((a, b) => mustFirst(b) - mustFirst(a))) {
    const { projectId } = wish.standing;
    const soFar = (before.get(projectId) ?? 0) + (spent.get(projectId) ?? 0);
    // What is larger than a whole day goes alone on one, since it would wait for ever.
    const hasRoom = !limit.stops || soFar === 0 || soFar + wish.unitCount <= limit.amount;
    if (hasRoom) spent.set(projectId, (spent.get(projectId) ?? 0) + wish.unitCount);
    else refused.add(wish);
  }
  const ids = wishes.filter((wish) => !refused.has(wish)).map(({ standing }) => standing.id);
  const spentDays = [...spent].map(([projectId, unitCount]) => ({ projectId, unitCount }));
  if (ids.length > 0) await spendUnits(tx, { days: spentDays, day, ids });
  for (const projectId of projectIds) {
    const isSpent = [...refused].some(({ standing }) => standing.projectId === projectId);
    tell(projectId, (before.get(projectId) ?? 0) + (spent.get(projectId) ?? 0), isSpent);
  }
  return [...refused];
}

/**
 * The units of a UTC day, for each project. They are counted before they are sent, under a lock on the day, so that several
 * workers together spend no more than there are.
 */
export function createBudget({ db, log, limit, settle, now }: BudgetDeps) {
  const tell = createTelling({ log, limit, now });

  /** Leaves out what may be, and holds the rest until the day is over; resolves to what others decided on meanwhile. */
  async function putOff(
    kind: MessageKind,
    refused: readonly Wish[],
    token: string,
  ): Promise<readonly ClaimedMessage[]> {
    const forMs = DAY_MS - (now() % DAY_MS);
    const held: HeldMessage[] = [];
    const leaving: LeavingTrace[] = [];
    for (const { delivery, standing } of refused) {
      const { id, keptBy, isBegun } = standing;
      const about = { id, keptBy, unsure: delivery.message.wasUnsure };
      if (kind === "trace" && !isBegun && !isMust(keptBy)) leaving.push({ ...about, rule: "budget" });
      else held.push({ ...about, forMs });
    }
    const settled = new Set([...(await settle.hold(token, held)), ...(await settle.leaveTraces(token, leaving))]);
    return refused.filter(({ standing }) => !settled.has(standing.id)).map(({ delivery }) => delivery.message);
  }

  return {
    async afford(kind: MessageKind, deliveries: readonly Delivery[], token: string): Promise<Sifted<Delivery>> {
      if (deliveries.length === 0) return { going: deliveries, undecided: [] };
      const ids = deliveries.map(({ message }) => message.id);
      const day = dayOf(now());
      const refused = await db.transaction(async (tx) => {
        const standings = new Map((await readCharged(tx, { ids, token, day })).map((row) => [row.id, row]));
        const wishes = deliveries.flatMap((delivery): Wish[] => {
          const standing = standings.get(delivery.message.id);
          if (standing === undefined || standing.isChargedToday) return [];
          return [{ delivery, standing, unitCount: unitsOf(kind, delivery) }];
        });
        if (wishes.length === 0) return [];
        const without = await spend(tx, wishes, { limit, day, tell });
        const taken = wishes.filter((wish) => !without.includes(wish));
        settle.charged(taken.reduce((sum, { unitCount }) => sum + unitCount, 0));
        return without;
      });
      const undecided = await putOff(kind, refused, token);
      const stopped = new Set(refused.map(({ delivery }) => delivery));
      return { going: deliveries.filter((delivery) => !stopped.has(delivery)), undecided };
    },
  };
}

const mustFirst = ({ standing }: Wish): number => (isMust(standing.keptBy) ? 1 : 0);

/** The UTC day. */
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
