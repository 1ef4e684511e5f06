import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** A busy desk changes many times a second; the page reads anew at most this often. */
const SETTLE_MS = 1_000;

/** Reads anew what the page shows whenever the server says that something has changed. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => listen(client), [client]);
}

function listen(client: QueryClient): () => void {
  const source = new EventSource("/v1/live");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const renew = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void client.invalidateQueries();
    }, SETTLE_MS);
  };
  for (const event of ["suggestion", "feedback", "mirror", "missed"]) source.addEventListener(event, renew);
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
