import { type RefObject, useEffect, useRef } from "react";
import { markShown } from "../api/desk.ts";

/** Reported by this page already. */
const reported = new Set<string>();
const VISIBLE_SHARE = 0.5;

/** Reports a suggestion as shown once half of it, or as much as fits, is really in sight; once. */
export function useShown(
  suggestion: { readonly suggestionId: string; readonly shownAt: string | null },
  agentId: string,
): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  const { suggestionId, shownAt } = suggestion;
  useEffect(() => {
    const element = place.current;
    if (element === null || shownAt !== null || reported.has(suggestionId)) return undefined;
    const report = (): void => {
      if (document.visibilityState !== "visible" || reported.has(suggestionId)) return;
      reported.add(suggestionId);
      // Not known then; the next time that it is seen it is tried again.
      markShown(suggestionId, agentId).catch(() => reported.delete(suggestionId));
    };
    let isInSight = false;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        const height = last?.intersectionRect.height ?? 0;
        isInSight = last !== undefined && (last.intersectionRatio >= VISIBLE_SHARE || height >= innerHeight / 2);
        if (isInSight) report();
      },
      { threshold: [0, 0.1, 0.25, VISIBLE_SHARE] },
    );
    const onVisible = (): void => {
      if (isInSight) report();
    };
    observer.observe(element);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [suggestionId, shownAt, agentId]);
  return place;
}
