import { setTimeout as sleep } from "node:timers/promises";
import { UptakeError } from "../../domain/errors.ts";
import { isBlocked } from "../blocked.ts";

const ATTEMPTS = 10;
const FIRST_PAUSE_MS = 500;

/** Does it again, later, as long as the host's tables are locked. Throws `adoption_refused` when they always are. */
export async function retryWhileBlocked(
  work: () => Promise<void>,
  onBlocked: (attempt: number) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isBlocked(error)) throw error;
      if (attempt === ATTEMPTS) throw blocked(error);
      onBlocked(attempt);
      await sleep(FIRST_PAUSE_MS * attempt);
    }
  }
}

function blocked(cause: unknown): UptakeError {
  const remedy = "end the long transactions on these tables (pg_stat_activity names them), or give it more time";
  const message = `tables of the application were locked at each of ${ATTEMPTS} attempts: ${remedy}. This step has changed nothing.`;
  return new UptakeError("adoption_refused", message, { facts: { attempts: ATTEMPTS }, cause });
}
