import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** The first change after a while shows so soon. */
const SETTLE_MS = 500;
/** A busy desk changes many times a second; the page reads anew at most this often. */
const AT_MOST_EVERY_MS = 5_000;
/** A browser comes back by itself where the connection broke, and not where the server said no. */
const REOPEN_MS = 5_000;
/** Who has scrolled further down than this reads older ones, and is not made to read all of it again. */
const MANY_PAGES = 3;

/** Reads anew what the page shows whenever the server says that something has changed. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => listen(client), [client]);
}

function listen(client: QueryClient): () => void {
  let source: EventSource | undefined;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let settling: ReturnType<typeof setTimeout> | undefined;
  let renewedAt = 0;

  const renew = (): void => {
    const waitMs = Math.max(SETTLE_MS, renewedAt + AT_MOST_EVERY_MS - Date.now());
    settling ??= setTimeout(() => {
      settling = undefined;
      renewedAt = Date.now();
      void client.invalidateQueries({ predicate: (query) => !hasManyPages(query) });
    }, waitMs);
  };
  const open = (): void => {
    source = new EventSource("/v1/live");
    for (const event of ["suggestion", "feedback", "mirror", "missed"]) source.addEventListener(event, renew);
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
    });
  };
  open();
  return () => {
    clearTimeout(settling);
    clearTimeout(reopening);
    source?.close();
  };
}

/** Whether the query is a list of which many pages have been read. */
export function hasManyPages({ state: { data } }: { readonly state: { readonly data: unknown } }): boolean {
  return (
    typeof data === "object" &&
    data !== null &&
    "pages" in data &&
    Array.isArray(data.pages) &&
    data.pages.length > MANY_PAGES
  );
}
