import { readFileSync } from "node:fs";
import type { Database, Queryable } from "../database.ts";
import { openSchemaChange } from "../migrate.ts";
import { takeIn } from "./adopted.ts";
import { lockStatements } from "./locks.ts";
import { listObjects } from "./objects.ts";

const attachSql = new URL("./sql/infer.sql", import.meta.url);

/** Whether what people send is noted for the worker. Where it is not, the queue that this looks for does not exist. */
export async function isInferring(db: Queryable): Promise<boolean> {
  const [found] = await db.query<{ inferring: boolean }>(
    "select to_regclass('public.uptake_sent_messages') is not null as inferring",
  );
  return found?.inferring === true;
}

/** Queue, function and trigger, in a transaction that is open already. */
export const inferenceStatements = (lockTimeoutMs: number): string[] => [
  ...lockStatements({ tables: ["ticket_messages"], mode: "share row exclusive", lockTimeoutMs }),
  readFileSync(attachSql, "utf8").replaceAll("\r\n", "\n"),
];

/** From here on messages are noted as they are inserted. Of an adopted database only; once, however often. */
export function attachInference(db: Database, lockTimeoutMs: number): Promise<void> {
  return db.transaction(async (tx) => {
    await openSchemaChange(tx);
    if (await isInferring(tx)) return; // by another process, while this one waited
    const before = await listObjects(tx);
    for (const sql of inferenceStatements(lockTimeoutMs)) await tx.query(sql);
    await takeIn(tx, before);
  });
}
