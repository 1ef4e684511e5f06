/** A file as `uptake init` would have it. */
export type WantedFile =
  /** All of it is ours. */
  | { readonly kind: "whole"; readonly path: string; readonly what: string; readonly content: string }
  /** Made where there is none, and never touched. */
  | { readonly kind: "start"; readonly path: string; readonly what: string; readonly content: string }
  /** Others write into it, too: what has to be in it, by what is there already. */
  | {
      readonly kind: "lines";
      readonly path: string;
      readonly what: string;
      /** The file where there is none. */
      readonly content: string;
      /** What is missing; empty where nothing is. */
      missingIn(existing: string): string;
      /** Whether it may be added without being asked for: one line that takes nothing away. */
      readonly isHarmless: boolean;
    };

/** `kept`: it differs from what is wanted, and stays. */
export type FileState = "new" | "unchanged" | "kept" | "extended" | "replaced";

export type PlannedFile = {
  readonly path: string;
  readonly what: string;
  readonly state: FileState;
  /** What is written; null where nothing is. */
  readonly content: string | null;
  /** What a person may want to add by hand. */
  readonly toAdd: string | null;
};

const sameText = (one: string, other: string): boolean => one.replaceAll("\r\n", "\n") === other;

/** In the line ends of the file that it is added to. */
function added(existing: string, missing: string): string {
  const isWindows = existing.includes("\r\n");
  const gap = existing === "" || existing.endsWith("\n") ? "" : "\n";
  const addition = `${gap}${missing}`;
  return existing + (isWindows ? addition.replaceAll("\n", "\r\n") : addition);
}

/** What becomes of a wanted file beside the one that is there; `force` replaces what is ours and adds what is missing. */
export function planFile(wanted: WantedFile, existing: string | null, force: boolean): PlannedFile {
  const { path, what } = wanted;
  const as = (state: FileState, content: string | null = null, toAdd: string | null = null): PlannedFile => ({
    path,
    what,
    state,
    content,
    toAdd,
  });
  if (existing === null) return as("new", wanted.content);
  if (wanted.kind === "start") return as("unchanged");
  if (wanted.kind === "whole") {
    if (sameText(existing, wanted.content)) return as("unchanged");
    return force ? as("replaced", wanted.content) : as("kept", null, wanted.content);
  }
  const missing = wanted.missingIn(existing);
  if (missing === "") return as("unchanged");
  if (force || wanted.isHarmless) return as("extended", added(existing, missing));
  return as("kept", null, missing);
}
