import { useEffect, useState } from "react";

/** The time in milliseconds since 1970, renewed whenever a multiple of `everyMs` goes by. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setTimeout(() => setNow(Date.now()), everyMs - (now % everyMs) + 1);
    return () => clearTimeout(timer);
  }, [now, everyMs]);
  return now;
}
