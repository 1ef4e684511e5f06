import { UptakeError } from "../domain/errors.ts";
import type { FeedbackInput } from "../domain/feedback.ts";
import type { FeedbackService } from "../feedback/feedback-service.ts";
import type { FeedbackResult } from "../feedback/write-events.ts";

export type PlacedInput = { readonly input: FeedbackInput; readonly place: string };

/** One request's events, and whoever waits for them. */
type Request = {
  readonly inputs: readonly PlacedInput[];
  resolve(this: void, results: readonly FeedbackResult[]): void;
  reject(this: void, error: unknown): void;
};

/** Events that one statement takes; past that it gains nothing. */
const MAX_EVENTS = 500;
/** Statements in flight for a project: while Postgres commits one, the next is put together. */
const MAX_IN_FLIGHT = 2;
/** Events that wait in memory, all projects together. */
const MAX_WAITING = 10_000;

/**
 * Writes the events of many requests in one statement: what comes while others are being written waits for them and then goes
 * together, so a request alone never waits. One that the database refuses does not take the others with it.
 */
export function createFeedbackGathering(
  serviceOf: (projectId: string) => FeedbackService,
): (projectId: string, inputs: readonly PlacedInput[]) => Promise<readonly FeedbackResult[]> {
  const projects = new Map<string, { readonly waiting: Request[]; inFlightCount: number }>();
  let waitingCount = 0;

  async function drain(projectId: string): Promise<void> {
    const project = projects.get(projectId);
    if (project === undefined || project.inFlightCount >= MAX_IN_FLIGHT) return;
    project.inFlightCount += 1;
    while (project.waiting.length > 0) {
      const requests = takeTogether(project.waiting);
      await write(serviceOf(projectId), requests);
      for (const { inputs } of requests) waitingCount -= inputs.length;
    }
    project.inFlightCount -= 1;
  }

  return (projectId, inputs) => {
    if (waitingCount >= MAX_WAITING) {
      return Promise.reject(
        new UptakeError("too_busy", "too many events wait for the database already; try again later"),
      );
    }
    waitingCount += inputs.length;
    return new Promise((resolve, reject) => {
      const project = projects.get(projectId) ?? { waiting: [], inFlightCount: 0 };
      projects.set(projectId, project);
      project.waiting.push({ inputs, resolve, reject });
      // In the next turn of the event loop, so that requests which come together are written together.
      setImmediate(() => void drain(projectId));
    });
  };
}

/** The oldest requests, as many as one statement takes, and one at least. */
function takeTogether(waiting: Request[]): readonly Request[] {
  let count = 0;
  let eventCount = 0;
  for (const { inputs } of waiting) {
    eventCount += inputs.length;
    if (count > 0 && eventCount > MAX_EVENTS) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function write(service: FeedbackService, requests: readonly Request[]): Promise<void> {
  const all = requests.flatMap(({ inputs }) => inputs);
  try {
    const results = await service.feedbackAt(
      all.map(({ input }) => input),
      (index) => all[index]?.place ?? "feedback",
    );
    let at = 0;
    for (const { inputs, resolve } of requests) resolve(results.slice(at, (at += inputs.length)));
  } catch (error) {
    const isAlone = requests.length === 1;
    const isAway = error instanceof UptakeError && error.code === "database_unavailable";
    if (isAlone || isAway) for (const { reject } of requests) reject(error);
    else for (const request of requests) await write(service, [request]);
  }
}
