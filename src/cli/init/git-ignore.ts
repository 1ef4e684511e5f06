import type { WantedFile } from "./planned-file.ts";

const LINE = ".uptake/";
/** Ways to write it that keep the folder out as well. */
const ENOUGH = new Set([".uptake", ".uptake/", "/.uptake", "/.uptake/", ".uptake/*", "**/.uptake"]);

/** The embedded database and the spool are no part of a repository, and nor is a file of secrets. */
export const gitIgnore: WantedFile = {
  kind: "lines",
  path: ".gitignore",
  what: "keeps .uptake/ out of git",
  content: `node_modules/\n.env\n${LINE}\n`,
  missingIn: (existing) => (existing.split(/\r?\n/u).some((line) => ENOUGH.has(line.trim())) ? "" : `${LINE}\n`),
  isHarmless: true,
};
