import type { Database } from "../../src/store/database.ts";
import { cpuMsOfFamily, parentOf } from "../mirror/cpu.ts";

/** What some work took: by the clock, and CPU of all processes of the server and of this one. */
export type Took = { readonly wallMs: number; readonly serverMs: number; readonly ownMs: number };

/** Measures work on a server, whose CPU is read from /proc: Linux only. */
export async function createTimer(db: Database): Promise<(work: () => Promise<unknown>) => Promise<Took>> {
  const [backend] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  const postmasterPid = parentOf(backend?.pid ?? 0);
  return async (work) => {
    const [from, server, own] = [performance.now(), cpuMsOfFamily(postmasterPid), process.cpuUsage()];
    await work();
    const wallMs = performance.now() - from;
    const { user, system } = process.cpuUsage(own);
    return { wallMs, serverMs: cpuMsOfFamily(postmasterPid) - server, ownMs: (user + system) / 1000 };
  };
}
