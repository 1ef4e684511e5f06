import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundTables, InitServices } from "../init-services.ts";
import { readSqlFiles, SUPABASE_MIGRATIONS, type Stack } from "./detect-stack.ts";
import { envExample } from "./env-example.ts";
import { firstFunction } from "./first-function.ts";
import { gitIgnore } from "./git-ignore.ts";
import { type PlannedFile, planFile, type WantedFile } from "./planned-file.ts";

export type InitPlan = {
  readonly files: readonly PlannedFile[];
  /** What a person has to know, one sentence each. */
  readonly notes: readonly string[];
  /** Commands, in order, with what they are for where that is not plain. */
  readonly next: readonly { readonly command: string; readonly why?: string }[];
};

export type PlanRequest = {
  readonly folder: string;
  readonly stack: Stack;
  /** Null: no database URL, or none that answers. */
  readonly tables: FoundTables | null;
  readonly force: boolean;
  /** Folder for the migration file that was asked for. */
  readonly migrationFolder: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
};

const HOST_TABLE = "ai_suggestions";

/** `20261122102030` in UTC, as Supabase and others put migrations into order. */
const stamp = (now: number): string => new Date(now).toISOString().replaceAll(/\D/gu, "").slice(0, 14);

const newPackage: WantedFile = {
  kind: "start",
  path: "package.json",
  what: "a package of ES modules",
  content: `${JSON.stringify({ private: true, type: "module" }, undefined, 2)}\n`,
};

type Migration = { readonly file: WantedFile | null; readonly notes: readonly string[] };

const SUPABASE_HEAD = `-- Made by uptake init: the tables, functions and triggers of Uptake. Supabase runs it as one transaction. Afterwards the
-- database is what uptake migrate makes, which then finds nothing to do.
`;
const PLAIN_HEAD = `-- Made by uptake init: the tables, functions and triggers of Uptake, for a tool or a person to run in place of uptake
-- migrate, which then finds nothing to do. As the owner of the schema public:  psql "$DATABASE_URL" -f THIS_FILE
`;

function migrationFor({ stack, migrationFolder, now }: PlanRequest, services: InitServices, folder: string): Migration {
  const isSupabase = migrationFolder === null;
  const files = isSupabase ? (stack.supabaseMigrations ?? []) : readSqlFiles(join(folder, migrationFolder));
  const where = (isSupabase ? SUPABASE_MIGRATIONS : migrationFolder.replace(/\/+$/u, "")) || ".";
  const inTheWay = services.tablesInTheWay(files);
  if (inTheWay.length > 0) {
    const note = `The migrations in ${where} make ${inTheWay.join(", ")}, as Uptake's own would, so none was added: give Uptake a database of its own (DATABASE_URL).`;
    return { file: null, notes: [note] };
  }
  const { names, sql } = services.migrationFile({ files, isPublicExposed: isSupabase });
  if (names.length === 0) return { file: null, notes: [`The migrations in ${where} have Uptake's tables already.`] };
  const content = isSupabase ? `${SUPABASE_HEAD}\n${sql}` : `${PLAIN_HEAD}\nbegin;\n${sql}commit;\n`;
  const what = `${names.length === 1 ? "1 migration" : `${names.length} migrations`} of Uptake`;
  return { file: { kind: "start", path: `${where}/${stamp(now)}_uptake.sql`, what, content }, notes: [] };
}

/** Whether an application has tables of these names, which Uptake then attaches to. */
export function isHost({ stack, tables }: PlanRequest, services: InitServices): boolean {
  if (tables?.kind === "host") return true;
  const isOurs = tables?.kind === "current" || tables?.kind === "behind";
  return !isOurs && services.tablesInTheWay(stack.supabaseMigrations ?? []).includes(HOST_TABLE);
}

const NEXT_NOTE =
  'Next must not bundle Uptake: add  serverExternalPackages: ["uptake"]  to next.config (Next 15 and newer).';

/** What `uptake init` would do in a folder. Reads only. */
export function planInit(request: PlanRequest, services: InitServices): InitPlan {
  const { folder, stack, force, migrationFolder } = request;
  const planned = (wanted: WantedFile): PlannedFile => {
    const path = join(folder, wanted.path);
    return planFile(wanted, existsSync(path) ? readFileSync(path, "utf8") : null, force);
  };
  const install = stack.isInstalled ? [] : [{ command: stack.install }];
  const common = [envExample, gitIgnore];
  if (isHost(request, services)) {
    return {
      files: common.map(planned),
      notes: [
        `There is a table ${HOST_TABLE} of your application: nothing in your code has to change, Uptake attaches to the tables.`,
      ],
      next: [
        ...install,
        {
          command: "npx uptake adopt --dry-run",
          why: "the SQL that would run, with DATABASE_URL of the tables' owner",
        },
        { command: "npx uptake adopt" },
      ],
    };
  }
  const wantsMigration = stack.supabaseMigrations !== null || migrationFolder !== null;
  const migration: Migration = wantsMigration ? migrationFor(request, services, folder) : { file: null, notes: [] };
  const first = firstFunction(stack);
  const files = [
    ...(stack.hasPackage ? [] : [newPackage]),
    ...first.files,
    ...(migration.file === null ? [] : [migration.file]),
    ...common,
  ];
  const push = { command: "npx supabase migration up", why: "locally; for the linked project: npx supabase db push" };
  return {
    files: files.map(planned),
    notes: [...migration.notes, ...(stack.kind === "next" ? [NEXT_NOTE] : [])],
    next: [
      ...install,
      ...(migration.file !== null && migrationFolder === null ? [push] : []),
      { command: first.run },
      { command: "npx uptake metrics --bucket total" },
    ],
  };
}
