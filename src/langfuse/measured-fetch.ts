import type { Instruments } from "../domain/instruments.ts";

const BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** What looks like an id in a path would make a series of its own for each. */
const ID = /[0-9a-f-]{16,}/giu;

/** `fetch` that tells how long each request took until its answer began, or until it failed. */
export function measuredFetch(
  fetch: typeof globalThis.fetch,
  instruments: Instruments,
  /** Milliseconds of a clock that never goes back. */
  now: () => number = () => performance.now(),
): typeof globalThis.fetch {
  const durations = instruments.histogram({
    name: "uptake_langfuse_request_duration_seconds",
    help: "Requests to Langfuse until the answer began, by route and class of status; none: no answer.",
    labelNames: ["route", "status"],
    buckets: BUCKETS_SECONDS,
  });
  return async (input, init) => {
    const beganAt = now();
    let status = "none";
    try {
      const response = await fetch(input, init);
      status = `${Math.floor(response.status / 100)}xx`;
      return response;
    } finally {
      durations.observe((now() - beganAt) / 1000, { route: routeOf(input, init), status });
    }
  };
}

function routeOf(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): string {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  const method = init?.method ?? (input instanceof Request ? input.method : "GET");
  return `${method} ${pathname.replaceAll(ID, ":id")}`;
}
