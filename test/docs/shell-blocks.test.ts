import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createStandInLangfuse, type StandInAddress } from "../../src/testing.ts";
import { startHost } from "../adopt/host.ts";
import { root } from "../server/run-program.ts";
import { openTestPostgres } from "../support/databases.ts";
import { installPackage } from "./installed-package.ts";
import { type Command, commandsOf, pages, staysUp } from "./shell-blocks.ts";
import { createShell, type Ran } from "./shell-runner.ts";

// Every command of every sh block of the README and of docs/ is run, those of a page one after the other in one empty folder,
// with the package as npm would publish it. What a page needs besides, and what its placeholders stand for, is said here.

/** Not run, with the reason. */
const notRun: Readonly<Record<string, string>> = {
  "README.md: npm ci": "installs a checkout: the first step of .ci/run",
  "docs/deploy.md: cp deploy/compose.env.example deploy/.env": "for docker compose",
  "docs/deploy.md: docker compose -f deploy/compose.yaml run --rm uptake keys create --scopes admin": "docker",
  "docs/deploy.md: docker compose -f deploy/compose.yaml up -d": "docker; test/deploy looks at the file",
  "docs/deploy.md: docker compose -f deploy/compose.yaml --profile langfuse up -d": "docker",
  "docs/deploy.md: npm install --prefix /opt/uptake uptake": "a machine of its own, as root",
  "docs/deploy.md: install -D -m 600 .env /etc/uptake/environment": "the same",
  "docs/deploy.md: cp deploy/uptake.service /etc/systemd/system/": "the same; test/deploy looks at the file",
  "docs/deploy.md: systemctl enable --now uptake": "the same",
};

type Ground = {
  /**
   * `ready`: a Postgres that DATABASE_URL names. Else the folder's embedded database, and where a command names a Postgres,
   * one without tables (`empty`) or an application's own (`host`).
   */
  readonly database: "none" | "empty" | "ready" | "host";
  /** Where there is a Postgres already: what a command names is another one, without tables. */
  readonly target?: true;
  /** Whether the stand-in's keys are in the environment. */
  readonly langfuse?: true;
  /** Run before the page's own commands, such as a server that the reader has. */
  readonly before?: readonly string[];
};

/** What a page's reader has. By default an empty folder and nothing else. */
const grounds: Readonly<Record<string, Ground>> = {
  "docs/adopt.md": { database: "host" },
  "docs/agent-functions.md": { database: "ready", before: ["npx uptake serve"] },
  "docs/costs.md": { database: "ready" },
  "docs/deploy.md": { database: "ready", before: ["npx uptake serve"] },
  "docs/doctor.md": { database: "ready" },
  "docs/http-api.md": { database: "ready" },
  "docs/integrate.md": {
    database: "ready",
    before: ["npx uptake keys create --name desk --scopes write,feedback", "npx uptake serve"],
  },
  "docs/mirror.md": { database: "ready", langfuse: true },
  "docs/monitoring.md": { database: "ready" },
  "docs/langfuse-guide.md": { database: "ready", langfuse: true },
  "docs/privacy.md": { database: "ready" },
  "docs/recipes.md": { database: "ready", target: true, langfuse: true },
  "docs/scale.md": { database: "empty" },
};
/** Commands of a page that are about another database. */
const onHost = new Set(["docs/integrate.md: npx uptake adopt --dry-run"]);
const onEmbedded = new Set(["docs/recipes.md: npx uptake demo --once"]);

const scratch = mkdtempSync(join(tmpdir(), "uptake-docs-"));
let bin = "";
let langfuse: StandInAddress;
const standIn = createStandInLangfuse();

beforeAll(async () => {
  bin = installPackage(scratch);
  langfuse = await standIn.start();
}, 120_000);
afterAll(async () => {
  await standIn.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function databaseOf(kind: Ground["database"]): Promise<string | undefined> {
  if (kind === "none") return undefined;
  if (kind === "host") return (await startHost()).url;
  const opened = await openTestPostgres({ migrated: kind === "ready" });
  onTestFinished(() => opened.drop());
  if (kind === "ready") {
    const ticket =
      "insert into tickets (id, title, customer_id) values ($1, 'Where is my refund?', 'customer of the page')";
    await opened.db.query(ticket, [TICKET_ID]);
  }
  return opened.url;
}

const nameOf = ({ page, text }: Command): string => `${page}: ${text.replace(/\s+#.*$/u, "")}`;

/** A ticket of every database that is ready. */
const TICKET_ID = "0199a000-0000-7000-8000-000000000001";
const NOT_SAID = { publicKey: "pk-up-…", secretKey: "sk-up-…", suggestionId: "…" };

/** What placeholders stand for, some of it said by commands before. */
function createPlaceholders(page: string, ports: readonly [number, number], databaseUrl: string | undefined) {
  const said = { ...NOT_SAID };
  return {
    said,
    hear: (output: string): void => {
      said.publicKey = /pk-up-[\w-]+/u.exec(output)?.[0] ?? said.publicKey;
      said.secretKey = /sk-up-[\w-]+/u.exec(output)?.[0] ?? said.secretKey;
      said.suggestionId = /"suggestionId":"([0-9a-f-]{36})"/u.exec(output)?.[1] ?? said.suggestionId;
    },
    fill: (text: string): string =>
      text
        .replaceAll(/postgres:\/\/[\w:]+@db\/\w+/gu, databaseUrl ?? "no database")
        .replaceAll("pk-lf-…", langfuse.publicKey)
        .replaceAll("sk-lf-…", langfuse.secretKey)
        .replaceAll("https://langfuse.example.com", langfuse.baseUrl)
        .replaceAll("pk-up-…", said.publicKey)
        .replaceAll("sk-up-…", said.secretKey)
        .replaceAll('"suggestionId":"…"', `"suggestionId":"${said.suggestionId}"`)
        .replaceAll('"id": "…"', `"id": "${TICKET_ID}"`)
        .replaceAll(":4100", `:${ports[0]}`)
        .replaceAll("9464", String(ports[1]))
        // The package lies in a folder above, as npm would have put it here; scripts/check-package.mjs installs it.
        .replace(/^npm install uptake$/u, "test -e ../node_modules/uptake/package.json")
        // In the checkout, but with its data in the folder.
        .replace(/^npm run demo --/u, `npm --prefix ${root} run demo -- --data-dir "$PWD/.uptake/demo"`)
        // npx itself is tried by the quickstart; everywhere else it would only take a second each time.
        .replaceAll(/\bnpx uptake\b/gu, page === "docs/quickstart.md" ? "npx uptake" : "uptake")
        // Settings alone are tried on a command that reads them all.
        .replace(/^((?:[A-Z_]+=\S+ *)+)(#.*)?$/u, "$1 uptake mirror status"),
  };
}

/** A code block below a line that is only `` `name`: `` is that file. */
function writeFilesOf(page: string, folder: string): void {
  const text = readFileSync(join(root, page), "utf8");
  for (const [, name = "", content = ""] of text.matchAll(/^`([\w.-]+)`:\n\n```\w+\n(.*?)^```$/gmsu)) {
    writeFileSync(join(folder, name), content);
  }
}

type Failed = { readonly where: string; readonly text: string } & Ran;

/** Runs the commands in their order; the first that does not end with 0, if any. */
async function runPage(page: string, commands: readonly Command[]): Promise<Failed | undefined> {
  const ground: Ground = grounds[page] ?? { database: "none" };
  const folder = join(scratch, page.replaceAll(/\W/gu, "-"));
  mkdirSync(folder);
  writeFilesOf(page, folder);
  const ports = [await freePort(), await freePort()] as const;
  const databaseUrl = await databaseOf(ground.database);
  const hostUrl = commands.some((command) => onHost.has(nameOf(command))) ? await databaseOf("host") : undefined;
  const targetUrl = ground.target === undefined ? databaseUrl : await databaseOf("empty");
  const { said, hear, fill } = createPlaceholders(page, ports, targetUrl);
  let current: Command | undefined;

  const shell = createShell(folder, () => {
    const name = current === undefined ? "" : nameOf(current);
    const own = ground.database === "ready" && !onEmbedded.has(name) ? databaseUrl : undefined;
    const url = onHost.has(name) ? hostUrl : own;
    return {
      PATH: `${bin}:${process.env["PATH"]}`,
      HOME: join(scratch, "home"),
      npm_config_update_notifier: "false",
      npm_config_offline: "true",
      UPTAKE_PORT: String(ports[0]),
      LANGFUSE_BASE_URL: langfuse.baseUrl,
      ...(said.publicKey === NOT_SAID.publicKey
        ? {}
        : { UPTAKE_URL: `http://127.0.0.1:${ports[0]}`, UPTAKE_KEY: `${said.publicKey}:${said.secretKey}` }),
      ...(url === undefined ? {} : { DATABASE_URL: url }),
      ...(ground.langfuse ? { LANGFUSE_PUBLIC_KEY: langfuse.publicKey, LANGFUSE_SECRET_KEY: langfuse.secretKey } : {}),
    };
  });
  onTestFinished(() => shell.close());

  const before = (ground.before ?? []).map((text): Command => ({ page, line: 0, text }));
  for (const command of [...before, ...commands]) {
    current = command;
    const text = fill(command.text);
    const { code, output } = staysUp(command) ? await shell.start(text, /\w+.*\n/u) : await shell.run(text);
    hear(output);
    if (code !== 0) return { where: `${page}:${command.line}`, text, code, output };
  }
  return undefined;
}

describe("the sh blocks of README and docs", () => {
  const all = pages.map((page) => ({ page, commands: commandsOf(page) })).filter(({ commands }) => commands.length > 0);

  it("are found, and left out only where it is said why", () => {
    const names = all.flatMap(({ commands }) => commands.map(nameOf));
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => name in notRun).sort()).toEqual(Object.keys(notRun).sort());
    expect(names).toEqual(expect.arrayContaining([...onHost, ...onEmbedded]));
    expect(all.map(({ page }) => page)).toEqual(expect.arrayContaining(Object.keys(grounds)));
  });

  it.for(all)(
    "of $page run, one after the other, in an empty folder",
    { timeout: 900_000 },
    async ({ page, commands }) => {
      const toRun = commands.filter((command) => !(nameOf(command) in notRun));
      expect(await runPage(page, toRun)).toBeUndefined();
    },
  );
});
