import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runNode } from "./server/run-program.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "uptake-package-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Manifest = {
  readonly version: string;
  readonly bin: { readonly uptake: string };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
};
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const publicPaths = Object.keys(manifest.exports).filter((path) => path !== "./package.json");

type Packed = {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
};

/** Without its scripts: building is what a test run has done already, and others are reading dist/ just now. */
function npmPack(...flags: string[]): Packed {
  const packed = spawnSync("npm", ["pack", "--json", "--ignore-scripts", ...flags], { cwd: root, encoding: "utf8" });
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stderr}`);
  const [entry] = Object.values(JSON.parse(packed.stdout) as Record<string, Packed>);
  if (entry === undefined) throw new Error(`npm pack said nothing: ${packed.stdout}`);
  return entry;
}

describe("what npm pack would publish", () => {
  let paths: readonly string[];
  beforeAll(() => {
    paths = npmPack("--dry-run").files.map(({ path }) => path);
  });

  it("holds every public path with its types, the program, and what a reader needs", () => {
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : [target.types, target.default],
    );
    expect(targets).toHaveLength(publicPaths.length * 2 + 1);
    for (const target of targets) expect(paths).toContain(target.replace(/^\.\//u, ""));
    for (const path of ["dist/index.js", "dist/server.js", "dist/testing.js"]) expect(paths).toContain(path);
    for (const path of [manifest.bin.uptake, "README.md", "LICENSE", "CHANGELOG.md", "package.json"])
      expect(paths).toContain(path);
  });

  it("holds every migration, sample and prompt of the sources", () => {
    const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
    const read = sources.filter((path) => /\.(?:sql|json|md)$/u.test(path));
    for (const kind of [".sql", ".json", ".md"]) expect(read.some((path) => path.endsWith(kind))).toBe(true);
    for (const path of read) expect(paths).toContain(`dist/${path}`);
  });

  it("holds a module for every source and none whose source is gone", () => {
    const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
    const modules = sources
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `dist/${path.replace(/\.ts$/u, ".js")}`);
    const built = paths.filter((path) => path.endsWith(".js") && !path.startsWith("dist/dashboard/"));
    expect(built.sort()).toEqual(modules.sort());
    expect(paths).toContain("dist/dashboard/index.html");
  });

  it("holds no TypeScript besides declarations, no test, no benchmark and no data of a run", () => {
    expect(paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
    expect(
      paths.filter((path) => /(?:^|\/)(?:test|tests|bench|examples|src|scripts|\.uptake|\.ci)\//u.test(path)),
    ).toEqual([]);
    const atTop = paths.filter((path) => !path.startsWith("dist/"));
    expect(atTop.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  });
});

describe("the public paths", () => {
  it.each(publicPaths)("has %s importable from dist in a process of its own", async (path) => {
    const name = path.replace(/^\./u, "uptake");
    const script = `const m = await import(${JSON.stringify(name)});
      console.log(JSON.stringify({ url: import.meta.resolve(${JSON.stringify(name)}), names: Object.keys(m).sort() }));`;
    const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", script], { cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { url, names } = JSON.parse(stdout) as { url: string; names: readonly string[] };
    expect(url).toMatch(/\/dist\/(?:adapters\/)?[\w-]+\.js$/u);
    const expected: Readonly<Record<string, readonly string[]>> = {
      uptake: ["UptakeError", "createUptake"],
      "uptake/client": ["ClientError", "createClient"],
      "uptake/server": ["createPrometheus", "createStderrLogger", "diagnose", "openServices", "readConfig"],
      "uptake/testing": ["createStandInLangfuse"],
      "uptake/openai": ["observeOpenAI"],
      "uptake/ai-sdk": ["observeEmbeddingModel", "observeLanguageModel"],
      "uptake/otel": ["createSpanProcessor"],
    };
    expect(names).toEqual(expected[name]);
  });

  it("has nothing else", async () => {
    const script = `await import("uptake/store/embedded.js")`;
    const { code, stderr } = await runNode(["--input-type=module", "--eval", script], { cwd: root });
    expect(code).not.toBe(0);
    expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

describe("the package, unpacked into an application", { timeout: 300_000 }, () => {
  const app = join(scratch, "app");
  const installed = join(app, "node_modules/uptake");
  let tarball = "";

  beforeAll(() => {
    const { filename } = npmPack("--pack-destination", scratch);
    tarball = join(scratch, basename(filename));
    mkdirSync(installed, { recursive: true });
    const untarred = spawnSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
    if (untarred.status !== 0) throw new Error(`tar failed: ${String(untarred.stderr)}`);
    for (const entry of readdirSync(join(root, "node_modules")))
      if (!entry.startsWith(".")) symlinkSync(join(root, "node_modules", entry), join(app, "node_modules", entry));
  });

  it("has a program that runs and says its version", async () => {
    const main = join(installed, manifest.bin.uptake);
    expect(statSync(main).mode & 0o111).not.toBe(0);
    expect(readFileSync(main, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/u);
    const { stdout } = await runNode([main, "--version"], { cwd: app });
    expect(stdout).toBe(`${manifest.version}\n`);
  });

  it.each([
    ["publint", ["--strict"]],
    ["attw", ["--profile", "esm-only", "--no-emoji"]],
  ])("has nothing that %s minds", async (name, flags) => {
    const { code, stdout } = await runNode([join(root, "node_modules/.bin", name), ...flags, tarball], { cwd: app });
    expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("does the whole loop from its own files: embedded database, migrations, prompt and sample desk", async () => {
    const { code, stdout, stderr } = await runNode([join(installed, manifest.bin.uptake), "demo", "--once"], {
      cwd: app,
    });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^mirrored [1-9]\d* traces, [1-9]\d* scores to /mu);
  });
});
