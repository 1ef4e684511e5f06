import { type RefCallback, useCallback, useState } from "react";

/** How wide an element is, in CSS pixels, so that what is drawn in it keeps the size of its letters. */
export function useWidth(first: number): readonly [RefCallback<Element>, number] {
  const [width, setWidth] = useState(first);
  const place = useCallback((element: Element | null) => {
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const measured = Math.round(entry?.contentRect.width ?? 0);
      if (measured > 0) setWidth(measured);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}
