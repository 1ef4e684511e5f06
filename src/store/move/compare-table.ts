import { createHash } from "node:crypto";
import type { MovedTable } from "../../domain/move-report.ts";
import type { Database, Queryable } from "../database.ts";
import { Stopped } from "./copy-table.ts";
import { lineOf, setExactTexts, type MovableTable } from "./movable-tables.ts";
import { refused } from "./move-ledger.ts";

const BATCH = 2_000;

type Digest = { readonly key: string; readonly digest: string };

/** The committed rows of both sides, one after the other in the order of their keys. Throws at the first that differs. */
export async function compareTable(
  { source, target }: { readonly source: Database; readonly target: Database },
  table: MovableTable,
  { onCompared, signal }: { readonly onCompared: (rowCount: number) => void; readonly signal: AbortSignal },
): Promise<MovedTable> {
  return source.transaction((from) =>
    target.transaction(async (to) => {
      for (const side of [from, to]) await openDigests(side, table);
      const checksum = createHash("sha256");
      let rowCount = 0;
      for (;;) {
        if (signal.aborted) throw new Stopped();
        const [ours, theirs] = await Promise.all([nextDigests(from), nextDigests(to)]);
        refuseDifference(table, ours, theirs);
        if (ours.length === 0) break;
        for (const { digest } of ours) checksum.update(digest);
        rowCount += ours.length;
        onCompared(ours.length);
      }
      return { name: table.name, rowCount, checksum: checksum.digest("hex") };
    }),
  );
}

async function openDigests(side: Queryable, table: MovableTable): Promise<void> {
  await setExactTexts(side);
  const order = table.order.join(", ");
  await side.query(
    `declare compared no scroll cursor for
     select row(${order})::text as key, md5(${lineOf(table)}) as digest from public.${table.name} order by ${order}`,
  );
}

const nextDigests = (side: Queryable): Promise<readonly Digest[]> => side.query<Digest>(`fetch ${BATCH} from compared`);

function refuseDifference({ name }: MovableTable, ours: readonly Digest[], theirs: readonly Digest[]): void {
  const length = Math.max(ours.length, theirs.length);
  for (let position = 0; position < length; position++) {
    const [one, other] = [ours[position], theirs[position]];
    if (one?.key === other?.key && one?.digest === other?.digest) continue;
    const where = `row ${one?.key ?? other?.key} of ${name}`;
    const what = one?.key === other?.key ? `${where} differs` : `${where} is on one side only`;
    throw refused(
      `The two databases are not the same: ${what}. One of them was written to since the move began; stop what uses them and move again into an empty database.`,
      { table: name, key: one?.key ?? other?.key },
    );
  }
}
