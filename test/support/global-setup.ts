import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { openEmbedded } from "../../src/store/embedded.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { startPostgres } from "./postgres-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Superuser URL of the run's one Postgres server; its database `uptake_template` is migrated. */
    postgresUrl: string;
    /** A migrated data directory of the embedded database, to be copied and never opened. */
    embeddedTemplate: string;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whether dist/ was finished after the last change under src/. The SQL is what a build copies last. */
function isBuilt(): boolean {
  const copied = join(root, "dist/store/migrations");
  if (!existsSync(copied)) return false;
  const builtAt = statSync(copied).mtimeMs;
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return sources.every((source) => statSync(join(root, "src", source)).mtimeMs < builtAt);
}

/** Child processes and the embedded database's thread run the built files. */
function build(): void {
  if (process.env["UPTAKE_SKIP_BUILD"] === "1" || isBuilt()) return;
  const built = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0)
    throw new Error("the build failed: tests run against dist/. UPTAKE_SKIP_BUILD=1 uses the dist/ that is there.");
}

async function migratePostgresTemplate(url: string): Promise<void> {
  const server = await openPostgres({ url, maxConnections: 1 });
  await server.query("create database uptake_template");
  await server.close();
  const template = await openPostgres({ url: withDatabase(url, "uptake_template") });
  await migrate(template);
  await template.close(); // a template with connections cannot be copied
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function migrateEmbeddedTemplate(dataDir: string): Promise<void> {
  const db = await openEmbedded({ dataDir });
  await migrate(db);
  await db.close();
}

/**
 * Once per run: builds dist/, starts one Postgres server and makes a migrated template of each kind of database.
 * Copying a template is the cheapest fresh database: 0.1 s on Postgres; 0.4 s embedded, of which making one anew would
 * take 3 s and 5 s of CPU.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  build();
  const scratch = mkdtempSync(join(tmpdir(), "uptake-template-"));
  const discard = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once("exit", discard); // also when the run is interrupted
  const embeddedTemplate = join(scratch, "data");
  const [server] = await Promise.all([startPostgres(), migrateEmbeddedTemplate(embeddedTemplate)]);
  await migratePostgresTemplate(server.url);
  project.provide("postgresUrl", server.url);
  project.provide("embeddedTemplate", embeddedTemplate);
  return async () => {
    await server.stop();
    process.off("exit", discard);
    discard();
  };
}
