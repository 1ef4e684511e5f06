import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { type Option, options } from "../../src/config/options.ts";
import { root, runUptake, uptakeMain } from "../server/run-program.ts";

// No container is started here: that what the files name is there, and that it is understood by what reads it.

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const all: readonly Option[] = options;
const ours = new Set(all.flatMap(({ variables }) => variables));
const words = (line: string): string[] => line.trim().split(/\s+/u);

const dockerfile = read("deploy/Dockerfile").replaceAll("\\\n", " ").split("\n");
const instructions = (name: string): string[] =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
const copiedFromContext = instructions("COPY")
  .filter((line) => !line.startsWith("--from"))
  .flatMap((line) => words(line).slice(0, -1));

/** Whether this subcommand is one: an unknown one shows the help of the program itself. */
async function expectCommand(name: string): Promise<void> {
  const { code, stdout } = await runUptake([name, "--help"], { cwd: root });
  expect({ code, usage: stdout.split("\n")[0] }).toEqual({ code: 0, usage: `Usage: uptake ${name} [options]` });
}

describe("deploy/Dockerfile", () => {
  it("copies what there is, and its ignore file lets that through and nothing else", () => {
    expect(copiedFromContext.length).toBeGreaterThan(7);
    for (const path of copiedFromContext) expect(existsSync(join(root, path)), path).toBe(true);
    const lines = read("deploy/Dockerfile.dockerignore").split("\n");
    expect(lines).toContain("*");
    const allowed = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    expect(allowed.sort()).toEqual([...new Set(copiedFromContext)].sort());
  });

  it("copies every file that the build reads besides those of src and dashboard", () => {
    const build = read("scripts/build.mjs");
    const config = read("tsconfig.build.json");
    const named = [...`${build}${config}`.matchAll(/"(?:\.\/)?(tsconfig[\w.]*\.json)"/gu)].map(([, name]) => name);
    expect(named.length).toBeGreaterThanOrEqual(2);
    expect(copiedFromContext).toEqual(expect.arrayContaining([...named, "scripts/build.mjs", "src", "dashboard"]));
  });

  it("runs as nobody in particular, on a Node that is enough, and is asked for /healthz", () => {
    expect(instructions("USER")).toEqual(["node"]);
    expect(dockerfile.indexOf("USER node")).toBeGreaterThan(
      dockerfile.findLastIndex((line) => /^(?:RUN|COPY) /u.test(line)),
    );
    const images = instructions("FROM").map((line) => words(line)[0]);
    expect(images.length).toBe(2);
    expect(new Set(images).size).toBe(1);
    expect(Number(/^node:(\d+)/u.exec(images[0] ?? "")?.[1])).toBeGreaterThanOrEqual(20);
    expect(instructions("HEALTHCHECK")[0]).toContain("/healthz");
  });

  it("starts a command that there is, as the first process, with variables that there are", async () => {
    const entry = JSON.parse(instructions("ENTRYPOINT")[0] ?? "") as string[];
    const command = JSON.parse(instructions("CMD")[0] ?? "") as string[];
    expect(entry).toEqual(["node", "dist/cli/main.js"]);
    expect(uptakeMain).toBe(join(root, entry[1] ?? ""));
    await expectCommand(command[0] ?? "");
    const set = instructions("ENV").flatMap((line) => words(line).map((pair) => pair.split("=")[0] ?? ""));
    expect(set).toContain("UPTAKE_SPOOL_DIR");
    for (const name of set) expect(ours.has(name) || name === "NODE_ENV", name).toBe(true);
  });
});

type Service = {
  readonly profiles?: readonly string[];
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: object;
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};

describe("deploy/compose.yaml", () => {
  const text = read("deploy/compose.yaml");
  const { services, volumes } = parse(text, { merge: true }) as Compose;

  it("hands Uptake variables that there are, each understood", () => {
    const { environment = {} } = services["uptake"] ?? {};
    expect(Object.keys(environment)).toEqual(
      expect.arrayContaining(["DATABASE_URL", "LANGFUSE_PUBLIC_KEY", "UPTAKE_HOST"]),
    );
    for (const name of Object.keys(environment)) expect(ours.has(name), name).toBe(true);
  });

  it("interpolates nothing that its example file does not name, and names nothing for nothing", () => {
    const used = [...text.matchAll(/\$\{(\w+)/gu)].map(([, name = ""]) => name);
    const named = [...read("deploy/compose.env.example").matchAll(/^(\w+)=/gmu)].map(([, name = ""]) => name);
    expect(named.sort()).toEqual([...new Set(used)].sort());
  });

  it("builds from the Dockerfile, and names only services and volumes that it has", () => {
    const { context = "", dockerfile: file = "" } = services["uptake"]?.build ?? {};
    expect(existsSync(join(root, "deploy", context, file))).toBe(true);
    for (const [name, service] of Object.entries(services)) {
      for (const needed of Object.keys(service.depends_on ?? {})) {
        expect(services[needed]?.healthcheck, `${name} waits for the health of ${needed}`).toBeDefined();
      }
      for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty([volume.split(":")[0] ?? ""]);
    }
  });

  it("starts Langfuse only by its profile, and publishes nothing to other machines", () => {
    const plain = Object.entries(services).filter(([, { profiles = [] }]) => profiles.length === 0);
    expect(plain.map(([name]) => name)).toEqual(["postgres", "uptake"]);
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/u);
  });
});

describe("deploy/uptake.service", () => {
  const unit = read("deploy/uptake.service");
  const start = words(/^ExecStart=(.+)$/mu.exec(unit)?.[1] ?? "");

  it("starts the program of the installed package with a command that there is", async () => {
    const manifest = JSON.parse(read("package.json")) as { name: string; bin: { uptake: string } };
    expect(start[1]).toBe(`/opt/uptake/node_modules/${manifest.name}/${manifest.bin.uptake}`);
    expect(start).toHaveLength(3);
    await expectCommand(start[2] ?? "");
    await expectCommand("worker");
  });

  const analyze = "/usr/bin/systemd-analyze";
  it.skipIf(statSync(analyze, { throwIfNoEntry: false }) === undefined)("is a unit that systemd takes", () => {
    const folder = mkdtempSync(join(tmpdir(), "uptake-unit-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "uptake.service");
    // What it starts is not installed here; systemd would say so and nothing of the rest.
    writeFileSync(path, unit.replace(start[0] ?? "", process.execPath));
    const { status, stdout, stderr } = spawnSync(analyze, ["verify", path], { encoding: "utf8" });
    const about = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("uptake.service"));
    expect({ status, about }).toEqual({ status: 0, about: [] });
  });
});
