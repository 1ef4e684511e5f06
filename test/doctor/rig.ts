import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Environment } from "../../src/config/environment.ts";
import type { DoctorFinding, DoctorReport } from "../../src/domain/doctor-report.ts";
import { diagnose, type DiagnoseOptions } from "../../src/server/diagnose.ts";
import type { Database } from "../../src/store/database.ts";
import type { StandInLangfuse } from "../../src/testing.ts";
import { startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";

/** A deployment in which everything is well, to be broken. */
export type Deployment = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  readonly env: Environment;
  readonly spoolDir: string;
  readonly doctor: (env?: Environment, options?: Partial<DiagnoseOptions>) => Promise<DoctorReport>;
};

export async function startDeployment(
  wish: { readonly partitioned?: boolean; readonly url?: string } = {},
): Promise<Deployment> {
  const postgres = await openTestPostgres({ partitioned: wish.partitioned ?? false });
  onTestFinished(() => postgres.drop());
  const { standIn, address } = await startStandIn();
  const dir = scratchDir();
  const env = {
    DATABASE_URL: wish.url ?? postgres.url,
    LANGFUSE_BASE_URL: address.baseUrl,
    LANGFUSE_PUBLIC_KEY: address.publicKey,
    LANGFUSE_SECRET_KEY: address.secretKey,
    UPTAKE_SPOOL_DIR: join(dir, "spool"),
  };
  const doctor: Deployment["doctor"] = (more = {}, options = {}) => examineOnly({ ...env, ...more }, options);
  return { db: postgres.db, standIn, env, spoolDir: env.UPTAKE_SPOOL_DIR, doctor };
}

export const examineOnly = (environment: Environment, options: Partial<DiagnoseOptions> = {}): Promise<DoctorReport> =>
  diagnose({ environment }, { now: Date.now, nodeVersion: process.versions.node, ...options });

export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "uptake-doctor-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** What is not well, by code. */
export const wrong = ({ findings }: DoctorReport): readonly string[] =>
  findings.filter(({ level }) => level !== "ok").map(({ code }) => code);

export const found = ({ findings }: DoctorReport, code: string): DoctorFinding | undefined =>
  findings.find((finding) => finding.code === code);
