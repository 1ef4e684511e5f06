import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { invalidInput } from "../../domain/errors.ts";

/** What a folder holds, as far as it decides which files fit into it. */
export type Stack = {
  readonly hasPackage: boolean;
  readonly kind: "node" | "next";
  readonly language: "javascript" | "typescript";
  /** What a `.js` file is. */
  readonly modules: "esm" | "cjs";
  /** Where code lies: `src/`, or at the top. */
  readonly base: "" | "src/";
  readonly install: string;
  /** Whether the package `uptake` can be imported. */
  readonly isInstalled: boolean;
  /** Texts of the migrations of a Supabase project, in order; null where the folder is none. */
  readonly supabaseMigrations: readonly string[] | null;
};

export const SUPABASE_MIGRATIONS = "supabase/migrations";

type Manifest = { readonly type: unknown; readonly dependencies: ReadonlySet<string> };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const namesOf = (value: unknown): readonly string[] => (isRecord(value) ? Object.keys(value) : []);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch {
    return undefined;
  }
}

function readManifest(folder: string): Manifest | null {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return null;
  const manifest = parsed(readFileSync(path, "utf8"));
  if (!isRecord(manifest)) throw invalidInput("package.json", "cannot be read; expected a JSON object; mend it first");
  const { type, dependencies, devDependencies } = manifest;
  return { type, dependencies: new Set([...namesOf(dependencies), ...namesOf(devDependencies)]) };
}

/** The first whose lock file is there decides. */
const INSTALLERS: readonly (readonly [lockFile: string, command: string])[] = [
  ["pnpm-lock.yaml", "pnpm add uptake"],
  ["yarn.lock", "yarn add uptake"],
  ["bun.lock", "bun add uptake"],
  ["bun.lockb", "bun add uptake"],
];

/** As Node looks for it: here and in every folder above. */
function isInstalledAt(folder: string): boolean {
  if (existsSync(join(folder, "node_modules/uptake/package.json"))) return true;
  const above = dirname(folder);
  return above !== folder && isInstalledAt(above);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The texts of a folder's SQL files by name; none where there is no such folder. */
export function readSqlFiles(folder: string): readonly string[] {
  if (!isFolder(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8"));
}

/** Reads what is in a folder. Opens nothing else, and changes nothing. */
export function detectStack(folder: string): Stack {
  const has = (path: string): boolean => existsSync(join(folder, path));
  const manifest = readManifest(folder);
  const depends = (name: string): boolean => manifest?.dependencies.has(name) === true;
  const isNext = depends("next") || ["js", "mjs", "ts"].some((ending) => has(`next.config.${ending}`));
  // Next itself adds a tsconfig.json as soon as a file is TypeScript; that the compiler is installed says nothing there.
  const isTyped = has("tsconfig.json") || (!isNext && depends("typescript"));
  return {
    hasPackage: manifest !== null,
    kind: isNext ? "next" : "node",
    language: isTyped ? "typescript" : "javascript",
    modules: manifest === null || manifest.type === "module" ? "esm" : "cjs",
    base: isFolder(join(folder, "src")) ? "src/" : "",
    install: INSTALLERS.find(([lockFile]) => has(lockFile))?.[1] ?? "npm install uptake",
    isInstalled: isInstalledAt(folder),
    supabaseMigrations: isFolder(join(folder, "supabase")) ? readSqlFiles(join(folder, SUPABASE_MIGRATIONS)) : null,
  };
}
