import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createAsk } from "../../src/cli/ask.ts";
import { EXAMPLES } from "../../src/cli/init/env-example.ts";
import type { FoundTables } from "../../src/cli/init-services.ts";
import { type Option, type OptionKey, options } from "../../src/config/options.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { readValue } from "../../src/config/read-value.ts";
import { createInitServices } from "../../src/server/init-services.ts";
import { UptakeError } from "../../src/domain/errors.ts";
import { run as runWith, type RunOptions } from "./fake-services.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "uptake-init-"));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true }));
});

const real = createInitServices(readConfig({ environment: {} }));
const run = (argv: readonly string[], options: Omit<RunOptions, "folder"> = {}) =>
  runWith(["init", ...argv], { services: { init: real }, ...options, folder });

function put(path: string, content: string | object): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
}
const read = (path: string): string => readFileSync(join(folder, path), "utf8");
/** Every file with its content. */
const all = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, read(path)]),
  );
const written = (): string[] => Object.keys(all()).sort();
const next = (stdout: string): string[] =>
  (stdout.split("\nNext:\n")[1] ?? "")
    .split("\n")
    .map((line) => line.replace(/ +#.*$/u, "").trim())
    .filter(Boolean);

const FIRST = ["lib/draft-reply", "lib/uptake", "try-uptake"];
const COMMON = [".env.example", ".gitignore"];
const METRICS = "npx uptake metrics --bucket total";

describe("uptake init by stack", () => {
  it.each([
    [
      "an empty folder",
      {},
      [...FIRST.map((path) => `${path}.js`), "package.json"],
      "plain Node, JavaScript (ES modules)",
      "node try-uptake.js",
    ],
    [
      "ES modules",
      { "package.json": { type: "module" } },
      FIRST.map((path) => `${path}.js`),
      "JavaScript (ES modules)",
      "node try-uptake.js",
    ],
    [
      "CommonJS",
      { "package.json": {} },
      FIRST.map((path) => `${path}.js`),
      "JavaScript (CommonJS)",
      "node try-uptake.js",
    ],
    [
      "TypeScript in src",
      { "package.json": {}, "tsconfig.json": {}, "src/a.ts": "" },
      FIRST.map((path) => `src/${path}.ts`),
      "plain Node, TypeScript",
      "npx tsx src/try-uptake.ts",
    ],
    [
      "TypeScript without a tsconfig",
      { "package.json": { devDependencies: { typescript: "7" } } },
      FIRST.map((path) => `${path}.ts`),
      "plain Node, TypeScript",
      "npx tsx try-uptake.ts",
    ],
    [
      "Next",
      { "package.json": { dependencies: { next: "15" } }, "tsconfig.json": {} },
      [...FIRST.map((path) => `${path}.ts`), "app/api/suggestion/route.ts"],
      "Next, TypeScript",
      "npx tsx try-uptake.ts",
    ],
    [
      "Next in JavaScript",
      { "package.json": {}, "next.config.mjs": "" },
      [...FIRST.map((path) => `${path}.mjs`), "app/api/suggestion/route.js"],
      "Next, JavaScript",
      "node try-uptake.mjs",
    ],
    [
      "Supabase",
      { "supabase/config.toml": "" },
      [...FIRST.map((path) => `${path}.js`), "package.json", "supabase/migrations/20261122102030_uptake.sql"],
      "a Supabase project with 0 SQL migrations",
      "node try-uptake.js",
    ],
  ])("adds what fits into %s, names it, and changes nothing the second time", async (...row) => {
    const [, given, wanted, found, command] = row;
    for (const [path, content] of Object.entries(given)) put(path, content);
    const first = await run([]);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    expect(written()).toEqual([...new Set([...Object.keys(given), ...wanted, ...COMMON])].sort());
    expect(first.stdout.split("\n")[0]).toContain(found);
    expect(next(first.stdout)[0]).toBe("npm install uptake");
    expect(next(first.stdout)).toEqual(expect.arrayContaining([command, METRICS]));
    const before = all();
    const second = await run(["--force"]);
    expect(second.code).toBe(0);
    expect(second.stdout).not.toMatch(/^ {2}(?:new|extended|replaced|kept) /mu);
    expect(all()).toEqual(before);
  });

  it.each([
    ["pnpm-lock.yaml", "pnpm add uptake"],
    ["yarn.lock", "yarn add uptake"],
    ["bun.lock", "bun add uptake"],
    ["package-lock.json", "npm install uptake"],
  ])("installs with whose %s it is", async (lockFile, command) => {
    put(lockFile, "");
    expect(next((await run([])).stdout)[0]).toBe(command);
  });

  it("says nothing of installing where uptake is there, in a folder above too", async () => {
    put("node_modules/uptake/package.json", {});
    expect(next((await run([])).stdout)).toEqual(["node try-uptake.js", METRICS]);
  });

  it("says that Next must not bundle it", async () => {
    put("next.config.js", "");
    expect((await run([])).stdout).toContain('serverExternalPackages: ["uptake"]');
  });

  it("refuses a package.json that cannot be read, before it does anything", async () => {
    put("package.json", "{");
    const { code, stderr } = await run([]);
    expect({ code, files: written() }).toEqual({ code: 2, files: ["package.json"] });
    expect(stderr).toMatch(/^uptake: package\.json: .*mend it/u);
  });
});

describe("what is there already", () => {
  it("is never overwritten; what is missing is shown, and with --force it is replaced or added", async () => {
    put("package.json", { type: "module", name: "mine" });
    put("lib/uptake.js", "// mine\n");
    put(".env.example", "DATABASE_URL=\nOTHER=1\n");
    put(".gitignore", "dist/\r\nnode_modules/");
    const kept = await run([]);
    expect(read("lib/uptake.js")).toBe("// mine\n");
    expect(read(".env.example")).toBe("DATABASE_URL=\nOTHER=1\n");
    expect(read(".gitignore")).toBe("dist/\r\nnode_modules/\r\n.uptake/\r\n");
    expect(kept.stdout).toMatch(/^ {2}kept +lib\/uptake\.js/mu);
    expect(kept.stdout).toContain("    export const uptake = createUptake();\n");
    expect(kept.stdout).toContain("    # LANGFUSE_PUBLIC_KEY=pk-lf-1\n");
    expect(kept.stdout).not.toContain("# DATABASE_URL=");
    const forced = await run(["--force"]);
    expect(forced.stdout).toMatch(/^ {2}replaced +lib\/uptake\.js/mu);
    expect(read("lib/uptake.js")).toContain("createUptake()");
    expect(read(".env.example")).toMatch(/^DATABASE_URL=\nOTHER=1\n\n# Langfuse public key/u);
    expect(JSON.parse(read("package.json"))).toEqual({ type: "module", name: "mine" });
    const before = all();
    await run(["--force"]);
    expect(all()).toEqual(before);
  });

  it.each([".uptake", "/.uptake/", "  .uptake/  "])("keeps a .gitignore that has %j", async (line) => {
    put(".gitignore", `a\n${line}\n`);
    expect((await run([])).stdout).toMatch(/^ {2}unchanged +\.gitignore/mu);
    expect(read(".gitignore")).toBe(`a\n${line}\n`);
  });

  it("is all there is after --dry-run", async () => {
    const { code, stdout } = await run(["--dry-run"]);
    expect({ code, files: written() }).toEqual({ code: 0, files: [] });
    expect(stdout).toMatch(/^ {2}new +try-uptake\.js/mu);
    expect(stdout).toMatch(/Dry run: nothing was written\.\n$/u);
  });
});

describe("the question", () => {
  const asking = (input: PassThrough) => createAsk({ input, output: new PassThrough() });

  it.each([
    ["\n", 6],
    ["Yes\n", 6],
    ["n\n", 0],
    ["what?\n", 0],
    [null, 0],
  ])("answered with %j leaves %i files", async (answer, count) => {
    const input = new PassThrough();
    input.end(answer ?? "");
    const { code } = await run([], { ask: asking(input) });
    expect({ code, count: written().length }).toEqual({ code: 0, count });
  });

  it("is not asked with --yes, nor where nothing changes", async () => {
    const ask = () => Promise.reject(new Error("it asked"));
    expect((await run(["--yes"], { ask })).code).toBe(0);
    expect((await run([], { ask })).code).toBe(0);
  });

  it("ends with 130 when it is interrupted", async () => {
    const handlers = new Map<string, () => void>();
    const signals = { on: (name: string, handler: () => void) => handlers.set(name, handler), off: () => {} };
    const running = run([], { ask: asking(new PassThrough()), signals });
    await expect.poll(() => handlers.has("SIGINT")).toBe(true);
    handlers.get("SIGINT")?.();
    expect({ code: (await running).code, files: written() }).toEqual({ code: 130, files: [] });
  });
});

describe("tables that are there", () => {
  const looking = (tables: FoundTables) => ({
    services: { init: { ...real, lookAtTables: () => Promise.resolve(tables) } },
    environment: { DATABASE_URL: "postgres://me:secret@db/app" },
  });

  it.each([
    ["empty", "made there at the first use"],
    ["current", "at version 11"],
    ["behind", "at version 11 of 12"],
    ["newer", "update uptake"],
    ["edited", "differ"],
  ] as const)("and are %s are said, and nothing else is different", async (kind, said) => {
    const { stdout } = await run([], looking({ kind, version: 11, programVersion: 12 }));
    const line = stdout.split("\n")[1];
    expect(line).toContain("Database: postgres://me@db/app;");
    expect(line).toContain(said);
    expect(next(stdout)).toContain("node try-uptake.js");
  });

  it("of an application in a Supabase migration lead to uptake adopt, too", async () => {
    put(
      "supabase/migrations/1_tickets.sql",
      "create table public.ai_suggestions (id uuid);\ncreate table tickets (id uuid);",
    );
    const { stdout } = await run([]);
    expect(next(stdout)).toEqual(["npm install uptake", "npx uptake adopt --dry-run", "npx uptake adopt"]);
    expect(written()).toEqual([...COMMON, "supabase/migrations/1_tickets.sql"].sort());
  });

  it("with names of ours in a Supabase migration keep ours from being added", async () => {
    put("supabase/migrations/1_tickets.sql", "create table tickets (id uuid);");
    const { stdout } = await run([]);
    expect(stdout).toContain("The migrations in supabase/migrations make tickets,");
    expect(written().filter((path) => path.endsWith(".sql"))).toEqual(["supabase/migrations/1_tickets.sql"]);
  });

  it("that do not answer are said, without the password, and the files are made", async () => {
    const init = { ...real, lookAtTables: () => Promise.reject(new UptakeError("database_unavailable", "no answer")) };
    const environment = { DATABASE_URL: "postgres://me:secret@db/app" };
    const { code, stdout } = await run([], { services: { init }, environment });
    expect({ code, count: written().length }).toEqual({ code: 0, count: 6 });
    expect(stdout.split("\n")[1]).toBe("Database: postgres://me@db/app could not be asked: no answer");
  });
});

describe("the migration file", () => {
  it("goes where it is asked for, and a later one has only what is new", async () => {
    expect((await run(["--migration", "db/migrations/"])).code).toBe(0);
    const path = "db/migrations/20261122102030_uptake.sql";
    const whole = read(path);
    expect(whole).toMatch(/^-- Made by uptake init[^]*^begin;\n[^]*^commit;\n$/mu);
    // As a program wrote it that knew one migration less.
    put(path, whole.replace(/^-- uptake migration 0011.*$/mu, ""));
    put(path.replace("20261122102030", "1"), whole.replaceAll(/^-- uptake migration 0011.*$/gmu, ""));
    rmSync(join(folder, path));
    const later = await run(["--migration", "db/migrations"]);
    expect(later.stdout).toContain("1 migration of Uptake");
    expect([...read(path).matchAll(/^-- uptake migration (\d+)/gmu)].map(([, number]) => number)).toEqual(["0011"]);
    expect(read(path)).not.toContain("create table public.schema_migrations");
    expect((await run(["--migration", "db/migrations"])).stdout).toContain("have Uptake's tables already");
  });
});

describe(".env.example", () => {
  const keyed: readonly (Option & { key: OptionKey })[] = options;

  it("names every variable of the option table once, commented out, with its help", async () => {
    await run([]);
    const lines = read(".env.example").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("# "))).toEqual([]);
    const named = lines.flatMap((line) => /^# ([A-Z_]+)=/u.exec(line)?.[1] ?? []);
    expect(named.sort()).toEqual(keyed.flatMap(({ variables }) => variables.slice(0, 1)).sort());
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it.each(keyed.filter(({ key }) => EXAMPLES[key] !== undefined))(
    "has an example of $key that is taken",
    ({ key, type }) => {
      expect(readValue(type, EXAMPLES[key] ?? "")).toMatchObject({ ok: true });
    },
  );

  it("is read by a shell, uncommented as well, as it is meant", async () => {
    await run([]);
    const uncommented = read(".env.example").replaceAll(/^# ([A-Z_]+=.+)$/gmu, "$1");
    put(".env", uncommented);
    const script = "set -a; . ./.env; set +a; env";
    const { status, stdout, stderr } = spawnSync("sh", ["-c", script], { cwd: folder, env: {}, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const wanted = uncommented.split("\n").filter((line) => /^[A-Z_]+=/u.test(line));
    expect(wanted.length).toBeGreaterThan(20);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(wanted));
  });
});
