import { AsyncLocalStorage } from "node:async_hooks";
import type { Queryable } from "./database.ts";

/** Whether a transaction still takes statements. */
type Scope = { open: boolean };

export type TransactionGuard = {
  /** Throws if the caller runs inside an open transaction of this database. */
  refuseInside(what: string): void;
  /** Runs the callback inside a transaction; what it is given stops working when the callback is over. */
  run<T>(tx: Queryable, callback: (tx: Queryable) => Promise<T>): Promise<T>;
};

/**
 * Catches the use of the outer database inside a transaction's callback. On the one connection of the embedded
 * database such a query would wait for the transaction, and the transaction for it, for ever; on Postgres it would run
 * outside the transaction, which is a bug as well. So both adapters refuse it in the same words.
 */
export function createTransactionGuard(): TransactionGuard {
  const current = new AsyncLocalStorage<Scope>();
  return {
    refuseInside(what) {
      if (current.getStore()?.open === true) {
        throw new Error(
          `database.${what}() was called inside a transaction's callback and would wait for itself: use the callback's own tx.query() instead`,
        );
      }
    },
    async run(tx, callback) {
      const scope: Scope = { open: true };
      const guarded: Queryable = {
        async query(text, values) {
          if (!scope.open)
            throw new Error("tx.query() was called after its transaction was over: await it inside the callback");
          return tx.query(text, values);
        },
      };
      try {
        return await current.run(scope, () => callback(guarded));
      } finally {
        scope.open = false;
      }
    },
  };
}
