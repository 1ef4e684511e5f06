type Listening = Pick<EventTarget, "addEventListener" | "removeEventListener">;
/** What a browser has and other runtimes have not. */
type Surroundings = Listening & { readonly document?: Listening & { readonly visibilityState: string } };

/** Calls back whenever the page may be gone the next moment; returns how to stop. Does nothing where there is no page. */
export function onPageHide(leave: () => void): () => void {
  const around = globalThis as unknown as Surroundings; // typed for Node here
  const page = around.document;
  if (page === undefined) return () => {};
  // The last event that a page on a phone is sure to get.
  const hidden = (): void => {
    if (page.visibilityState === "hidden") leave();
  };
  page.addEventListener("visibilitychange", hidden);
  around.addEventListener("pagehide", leave);
  return () => {
    page.removeEventListener("visibilitychange", hidden);
    around.removeEventListener("pagehide", leave);
  };
}
