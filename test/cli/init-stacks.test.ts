import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { type Finished, root, runNode, runUptake } from "../server/run-program.ts";
import { openTestPostgres } from "../support/databases.ts";

// `uptake init` in an empty folder of each stack, then the commands that it names, as a person would.

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
const STRICT = { strict: true, noEmit: true, skipLibCheck: true, target: "es2023", types: ["node"] };
const plain = { compilerOptions: { ...STRICT, module: "nodenext" } };
const next = {
  compilerOptions: { ...STRICT, module: "esnext", moduleResolution: "bundler", lib: ["dom", "es2023"] },
};

type Files = Readonly<Record<string, object | string>>;

function makeFolder(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), "uptake-stack-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** What `npm install uptake` would have done, and the types that a project in TypeScript has. */
function install(folder: string): void {
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/uptake"));
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
}

/** The commands after `Next:`, without their comments. */
const nextCommands = ({ stdout }: Finished): string[] =>
  (stdout.split("\nNext:\n")[1] ?? "")
    .split("\n")
    .map((line) => line.replace(/ +#.*$/u, "").trim())
    .filter((line) => line !== "");

/** Making a database takes seconds of CPU, and of a machine that is busy with others, minutes. */
const deadlineMs = 400_000;

type Env = Readonly<Record<string, string>>;

/** Runs a command that `uptake init` has named, with this checkout's programs in place of what npx would find. */
function follow(command: string, cwd: string, env: Env = {}): Promise<Finished> {
  const [program, ...args] = command.split(" ");
  if (program === "node") return runNode(args, { cwd, env, deadlineMs });
  const [name = "", ...rest] = args;
  if (program === "npx" && name === "tsx")
    return runNode([require.resolve("tsx/cli"), ...rest], { cwd, env, deadlineMs });
  if (program === "npx" && name === "uptake") return runUptake(rest, { cwd, env, deadlineMs });
  throw new Error(`nothing here runs ${command}`);
}

async function initIn(folder: string, env: Env = {}): Promise<Finished> {
  const done = await runUptake(["init"], { cwd: folder, env, deadlineMs });
  expect({ code: done.code, stderr: done.stderr }).toEqual({ code: 0, stderr: "" });
  return done;
}

/** Runs what is named, and reads the rows back. */
async function tryOut(commands: readonly string[], folder: string, env: Env = {}): Promise<object> {
  const [run = "", metrics = ""] = commands;
  const { code, stdout, stderr } = await follow(run, folder, env);
  // Where a busy machine takes over two seconds to commit, the spool has it first, and says so.
  const complaints = stderr.split("\n").filter((line) => line !== "" && !line.includes('"track.spooled"'));
  const counted = await follow(`${metrics} --json --by function,model`, folder, env);
  expect({ code, complaints, counted: counted.code, errors: counted.stderr }).toEqual({
    code: 0,
    complaints: [],
    counted: 0,
    errors: "",
  });
  const { rows } = JSON.parse(counted.stdout) as { rows: readonly object[] };
  return { said: stdout.trimEnd().split("\n"), rows };
}

const WORKED = {
  said: [
    "suggested for ticket 42: A refund takes five working days.",
    "ticket 42: approval",
    "suggested for ticket 43: It takes two working days.",
    expect.stringMatching(/^ticket 43: revision, kept ratio 0\.\d+$/u),
  ],
  rows: [
    {
      dimensions: { function: "draft-reply", model: "made-up-model" },
      suggestionCount: 2,
      errorCount: 0,
      acceptedCount: 1,
      revisedCount: 1,
    },
  ],
};

/** Making an embedded database takes 5 s of CPU; a copy of an empty one is the same. */
function giveDatabase(folder: string): void {
  mkdirSync(join(folder, ".uptake"));
  cpSync(inject("embeddedTemplate"), join(folder, ".uptake/data"), { recursive: true });
}

async function emptyPostgres(): ReturnType<typeof openTestPostgres> {
  const opened = await openTestPostgres({ migrated: false });
  onTestFinished(() => opened.drop());
  return opened;
}

async function typeCheck(folder: string): Promise<void> {
  const { code, stdout } = await runNode([tsc, "-p", "."], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
}

describe("uptake init, run from dist, and then what it says", { timeout: 900_000 }, () => {
  it("goes from an empty folder to a counted suggestion, making its database", async () => {
    const folder = makeFolder({});
    const [installing, ...commands] = nextCommands(await initIn(folder));
    expect(installing).toBe("npm install uptake");
    install(folder);
    expect(await tryOut(commands, folder)).toMatchObject(WORKED);
    const again = await initIn(folder);
    expect(again.stdout).not.toMatch(/^ {2}(?:new|kept|extended|replaced) /mu);
    expect(nextCommands(again)).toEqual(commands);
  });

  it.each<[string, Files]>([
    ["CommonJS", { "package.json": { type: "commonjs" } }],
    ["ES modules", { "package.json": { type: "module" }, "src/mine.js": "" }],
    ["TypeScript in ES modules", { "package.json": { type: "module" }, "tsconfig.json": plain }],
    ["TypeScript without a type", { "package.json": {}, "tsconfig.json": plain, "src/mine.ts": "export {};" }],
    ["Next in TypeScript", { "package.json": { dependencies: { next: "15" } }, "tsconfig.json": next }],
    ["Next in JavaScript", { "package.json": { type: "commonjs" }, "next.config.mjs": "" }],
  ])("works in %s", async (_, files) => {
    const folder = makeFolder(files);
    install(folder);
    giveDatabase(folder);
    expect(await tryOut(nextCommands(await initIn(folder)), folder)).toMatchObject(WORKED);
    if ("tsconfig.json" in files) await typeCheck(folder);
  });

  it("gives a Supabase project a migration after which uptake migrate finds nothing to do", async () => {
    const folder = makeFolder({ "supabase/config.toml": "", "package.json": { type: "module" } });
    install(folder);
    const [push, ...commands] = nextCommands(await initIn(folder));
    expect(push).toBe("npx supabase migration up");
    const { db, url } = await emptyPostgres();
    const [name = ""] = readdirSync(join(folder, "supabase/migrations"));
    expect(name).toMatch(/^20\d{12}_uptake\.sql$/u);
    await db.query(readFileSync(join(folder, "supabase/migrations", name), "utf8"));
    const env = { DATABASE_URL: url };
    const migrated = await follow("npx uptake migrate", folder, env);
    expect(migrated.stdout).toMatch(/^nothing to apply; the database is at version \d+\n$/u);
    expect(await tryOut(commands, folder, env)).toMatchObject(WORKED);
    const again = await initIn(folder, env);
    expect(again.stdout).toMatch(/; has Uptake's tables, at version \d+\n/u);
    expect(readdirSync(join(folder, "supabase/migrations"))).toEqual([name]);
  });

  it("writes a migration for another tool, which psql or it runs as one transaction", async () => {
    const folder = makeFolder({ "package.json": { type: "module" } });
    const { db, url } = await emptyPostgres();
    const done = await runUptake(["init", "--migration", "sql"], { cwd: folder });
    expect(done.code).toBe(0);
    await db.query(readFileSync(join(folder, "sql", readdirSync(join(folder, "sql"))[0] ?? ""), "utf8"));
    const { stdout } = await runUptake(["migrate"], { cwd: folder, env: { DATABASE_URL: url } });
    expect(stdout).toMatch(/^nothing to apply;/u);
  });

  it("points to uptake adopt where DATABASE_URL has an application's suggestions, and changes nothing there", async () => {
    const folder = makeFolder({ "package.json": { type: "module" } });
    install(folder);
    const { db, url } = await emptyPostgres();
    await db.query("create table ai_suggestions (id uuid primary key)");
    const done = await initIn(folder, { DATABASE_URL: url });
    expect(nextCommands(done)).toEqual(["npx uptake adopt --dry-run", "npx uptake adopt"]);
    expect(readdirSync(folder).sort()).toEqual([".env.example", ".gitignore", "node_modules", "package.json"]);
    const tables = await db.query(
      "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    );
    expect(tables).toEqual([{ relname: "ai_suggestions" }]);
  });
});
