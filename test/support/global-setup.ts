import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openEmbedded } from "../../src/store/embedded.ts";
import { migrate, type MigrateOptions } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { setup as build } from "./build.ts";
import { startPostgres } from "./postgres-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /**
     * Superuser URL of the run's one Postgres server; its database `uptake_template` is migrated, and
     * `uptake_template_partitioned` with partitions.
     */
    postgresUrl: string;
    /** A migrated data directory of the embedded database, to be copied and never opened. */
    embeddedTemplate: string;
  }
}

/** With UPTAKE_TEST_PARTITIONED=1 every suite runs on tables with partitions; those about the schema then fail. */
const always: MigrateOptions = process.env["UPTAKE_TEST_PARTITIONED"] === "1" ? { partition: "month" } : {};

async function migratePostgresTemplate(url: string, name: string, options: MigrateOptions): Promise<void> {
  const server = await openPostgres({ url, maxConnections: 1 });
  await server.query(`create database ${name}`);
  await server.close();
  const template = await openPostgres({ url: withDatabase(url, name) });
  await migrate(template, options);
  await template.close(); // a template with connections cannot be copied
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function migrateEmbeddedTemplate(dataDir: string): Promise<void> {
  const db = await openEmbedded({ dataDir });
  await migrate(db, always);
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
  await migratePostgresTemplate(server.url, "uptake_template", always);
  await migratePostgresTemplate(server.url, "uptake_template_partitioned", { partition: "month" });
  project.provide("postgresUrl", server.url);
  project.provide("embeddedTemplate", embeddedTemplate);
  return async () => {
    await server.stop();
    process.off("exit", discard);
    discard();
  };
}
