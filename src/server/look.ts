/** Shorter than the time that who looks at a process usually waits. */
const DEADLINE_MS = 2_000;

/** What the database answers; undefined where it fails or takes too long. */
export type Look<Result> = () => Promise<Result | undefined>;

/** Looks that come while an answer is under way wait for that one, so a database that hangs is asked once and not once a look. */
export function createLook<Result>(ask: () => Promise<Result>): Look<Result> {
  let asked: Promise<Result | undefined> | undefined;

  async function answer(): Promise<Result | undefined> {
    try {
      return await ask();
    } catch {
      return undefined;
    } finally {
      asked = undefined;
    }
  }

  return async () => {
    asked ??= answer();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), DEADLINE_MS);
    });
    const result = await Promise.race([asked, late]);
    clearTimeout(timer);
    return result;
  };
}
