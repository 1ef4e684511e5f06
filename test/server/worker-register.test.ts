import { expect, it, onTestFinished } from "vitest";
import { createWorkerRegister } from "../../src/server/worker-register.ts";
import { createLogBook } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

it("says once that it cannot note itself, however often it tries, and once more after it could", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  // A sequence counts on though the statement that asked it fails.
  await db.query("create sequence tries");
  await db.query(`create function refuse() returns trigger language plpgsql as $$
    begin perform nextval('tries'); raise exception 'no more rows'; end $$`);
  const refuse = () =>
    db.query("create trigger refuse before insert on uptake_workers for each row execute function refuse()");
  const tries = async () =>
    Number((await db.query<{ count: string }>("select last_value as count from tries"))[0]?.count);
  const book = createLogBook();
  const options = { kind: "worker", lastAct: () => null, now: Date.now, everyMs: 10 } as const;
  const register = createWorkerRegister({ db, log: book.log, ...options });
  onTestFinished(() => register.stop());

  await refuse();
  register.start();
  await eventually("it has tried often", async () => (await tries()) > 5);
  expect(book.named("worker.not_noted")).toMatchObject([
    { facts: { message: expect.stringContaining("no more rows") as string } },
  ]);

  await db.query("drop trigger refuse on uptake_workers");
  await eventually("it is noted", async () => (await db.query("select from uptake_workers")).length === 1);
  await refuse();
  await eventually("it fails anew", async () => book.named("worker.not_noted").length === 2);
});
