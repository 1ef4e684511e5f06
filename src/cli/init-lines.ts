import type { FoundTables } from "./init-services.ts";
import type { Stack } from "./init/detect-stack.ts";
import type { InitPlan } from "./init/plan.ts";

/** What was found in the folder, in one line. */
export function foundLine({ hasPackage, kind, language, modules, supabaseMigrations }: Stack): string {
  const what = kind === "next" ? "Next" : "plain Node";
  const javaScript = modules === "esm" ? "JavaScript (ES modules)" : "JavaScript (CommonJS)";
  const how = language === "typescript" ? "TypeScript" : kind === "next" ? "JavaScript" : javaScript;
  const supabase =
    supabaseMigrations === null ? [] : [`a Supabase project with ${supabaseMigrations.length} SQL migrations`];
  return `Found: ${[`${hasPackage ? "" : "no package.json yet; "}${what}, ${how}`, ...supabase].join("; ")}`;
}

const TABLES: Readonly<Record<FoundTables["kind"], (tables: FoundTables) => string>> = {
  empty: () => "Uptake's tables are made there at the first use",
  host: () => "has an application's own ai_suggestions",
  behind: ({ version, programVersion }) => `has Uptake's tables at version ${version} of ${programVersion}`,
  current: ({ version }) => `has Uptake's tables, at version ${version}`,
  newer: ({ version, programVersion }) => `has version ${version}, this program knows ${programVersion}: update uptake`,
  edited: () => "has Uptake's tables, made by migrations that differ from this program's",
};

export const tablesLine = (place: string, tables: FoundTables): string =>
  `Database: ${place}; ${TABLES[tables.kind](tables)}`;

const indented = (text: string): readonly string[] =>
  text
    .replace(/^\n/u, "")
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`));

export function fileLines({ files, notes }: InitPlan): readonly string[] {
  const width = Math.max(...files.map(({ path }) => path.length));
  const lines = files.map(({ state, path, what }) => `  ${state.padEnd(9)}  ${path.padEnd(width)}  ${what}`);
  const additions = files.flatMap(({ path, toAdd }) =>
    toAdd === null ? [] : ["", `${path} stays as it is (--force changes it). To have in it:`, "", ...indented(toAdd)],
  );
  return ["", ...lines, ...additions, ...notes.flatMap((note) => ["", note])];
}

export function nextLines({ next }: InitPlan): readonly string[] {
  const width = Math.max(...next.map(({ command }) => command.length));
  return [
    "",
    "Next:",
    ...next.map(({ command, why }) => `  ${why === undefined ? command : `${command.padEnd(width)}  # ${why}`}`),
  ];
}
