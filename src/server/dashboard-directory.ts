import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Beside this file's folder in dist/; where this runs from src/, what was built last.
const PLACES = ["../dashboard/index.html", "../../dist/dashboard/index.html"];

/** Where the built dashboard lies; null where nobody has built it. */
export function dashboardDirectory(): string | null {
  const index = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
  return index === undefined ? null : index.slice(0, -"/index.html".length);
}
