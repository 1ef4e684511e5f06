import { useSyncExternalStore } from "react";

/** Colour tokens of styles.css that charts draw with. */
export type ColorToken =
  | `series-${1 | 2 | 3 | 4 | 5 | 6}`
  | "ink"
  | "soft"
  | "line"
  | "sunken"
  | "warn"
  | "good"
  | "bad";

const tokens: readonly ColorToken[] = [
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "series-6",
  "ink",
  "soft",
  "line",
  "sunken",
  "warn",
  "good",
  "bad",
];

export type Palette = Readonly<Record<ColorToken, string>>;

export const seriesColors = tokens.filter((token) => token.startsWith("series-"));

/** A canvas knows no custom properties, and `light-dark()` is settled only where a colour is used: so use each, once. */
function readPalette(): Palette {
  const probe = document.createElement("span");
  // A transition would have each colour begin as the one before.
  probe.style.transition = "none";
  document.body.append(probe);
  const colors = tokens.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(colors) as Palette; // one for every token
}

let palette: Palette | undefined;

function subscribe(onChange: () => void): () => void {
  const renew = (): void => {
    palette = undefined;
    onChange();
  };
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const theme = new MutationObserver(renew);
  scheme.addEventListener("change", renew);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    scheme.removeEventListener("change", renew);
    theme.disconnect();
  };
}

/** The colours of the scheme in force; a new object whenever it changes. */
export const usePalette = (): Palette => useSyncExternalStore(subscribe, () => (palette ??= readPalette()));

/** The colour, let through by this share (0–1). */
export const faded = (color: string, alpha: number): string =>
  color.replace(/^rgba?\(([^,)]+),([^,)]+),([^,)]+).*$/u, `rgba($1,$2,$3,${alpha})`);
