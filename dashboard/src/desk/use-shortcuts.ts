import { useEffect, useRef } from "react";

/** What a key does; keys as `KeyboardEvent.key` names them. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const FIELDS = "input, textarea, select, [contenteditable]";

/** Keys that do something anywhere on the page but in a field, where they are typed. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target, key } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof Element && target.closest(FIELDS) !== null) {
        if (key === "Escape" && target instanceof HTMLElement) target.blur();
        return;
      }
      const act = current.current[key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
