import type { Database, Queryable } from "../../src/store/database.ts";

type Work = (tx: Queryable) => Promise<unknown>;

/** A promise and what fulfils it; `Promise.withResolvers` needs a newer Node. */
function createGate<T = void>(): { readonly passed: Promise<T>; open(this: void, value: T): void } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open: (value) => open(value) };
}

/** A transaction held open after `begin`; what it resolves to does `more` in it and commits. */
export async function openTransaction(db: Database, begin: Work): Promise<(more?: Work) => Promise<void>> {
  const begun = createGate();
  const rest = createGate<Work>();
  const done = db.transaction(async (tx) => {
    await begin(tx);
    begun.open();
    await (
      await rest.passed
    )(tx);
  });
  await Promise.race([begun.passed, done]);
  return (more = async () => {}) => {
    rest.open(more);
    return done;
  };
}
