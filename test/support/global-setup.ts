import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openEmbedded } from "../../src/store/embedded.ts";
import { migrate, type MigrateOptions } from "../../src/store/migrate.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { setup as build } from "./build.ts";
import { startPostgres } from "./postgres-server.ts";
import { printOf, SHELF_TABLE } from "./shelf.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /**
     * Superuser URL of the run's one Postgres server; its database `uptake_template` is migrated, and
     * `uptake_template_partitioned` with partitions.
     */
    postgresUrl: string;
    /** How each of those is described (`printOf`), by its name. */
    schemaPrints: Readonly<Record<string, string>>;
    /** A migrated data directory of the embedded database, to be copied and never opened. */
    embeddedTemplate: string;
  }
}

/** With UPTAKE_TEST_PARTITIONED=1 every suite runs on tables with partitions; those about the schema then fail. */
const always: MigrateOptions = process.env["UPTAKE_TEST_PARTITIONED"] === "1" ? { partition: "month" } : {};

/** Returns what its schema is like. */
async function migratePostgresTemplate(url: string, name: string, options: MigrateOptions): Promise<string> {
  const server = await openPostgres({ url, maxConnections: 1 });
  await server.query(`create database ${name}`);
  await server.close();
  const template = await openPostgres({ url: withDatabase(url, name) });
  await migrate(template, options);
  const print = await printOf(template);
  await template.close(); // a template with connections cannot be copied
  return print;
}

async function makeShelf(url: string): Promise<void> {
  const server = await openPostgres({ url, maxConnections: 1 });
  await server.query(SHELF_TABLE);
  await server.close();
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
 * A copy of a template is the cheapest new database, and one that a test has left is cheaper still (`shelf.ts`).
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  build();
  const scratch = mkdtempSync(join(tmpdir(), "uptake-template-"));
  const discard = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once("exit", discard); // also when the run is interrupted
  const embeddedTemplate = join(scratch, "data");
  const [server] = await Promise.all([startPostgres(), migrateEmbeddedTemplate(embeddedTemplate)]);
  await makeShelf(server.url);
  const kinds = { uptake_template: always, uptake_template_partitioned: { partition: "month" } } as const;
  const schemaPrints: Record<string, string> = {};
  for (const [name, options] of Object.entries(kinds)) {
    schemaPrints[name] = await migratePostgresTemplate(server.url, name, options);
  }
  project.provide("schemaPrints", schemaPrints);
  project.provide("postgresUrl", server.url);
  project.provide("embeddedTemplate", embeddedTemplate);
  return async () => {
    await server.stop();
    process.off("exit", discard);
    discard();
  };
}
