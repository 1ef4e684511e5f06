import type { DoctorFinding, FindingLevel } from "../domain/doctor-report.ts";

type Known = { readonly level: Exclude<FindingLevel, "ok">; readonly remedy: string };

/** Everything that can be wrong, and what to do about it. docs/doctor.md is compared with this table. */
export const FINDINGS = {
  "check.unfinished": { level: "warn", remedy: "Look why it is so slow, and run `uptake doctor` again." },
  "node.old": { level: "fail", remedy: "Install Node 20.19 or newer." },
  "config.invalid": { level: "fail", remedy: "Correct the value; the finding says what was expected." },
  "config.unread_variable": { level: "warn", remedy: "Correct its name (docs/configuration.md), or unset it." },
  "config.prices": { level: "fail", remedy: "Correct the file of `UPTAKE_PRICES`, or unset it (docs/costs.md)." },
  "config.cloud_as_default": {
    level: "warn",
    remedy: "Set `LANGFUSE_TRACING_ENVIRONMENT`, so that production and trials can be told apart in Langfuse.",
  },
  "config.production_loopback": { level: "fail", remedy: "Set `LANGFUSE_BASE_URL` to the Langfuse of production." },
  "config.production_dev_key": { level: "fail", remedy: "Set the keys of production's Langfuse project." },
  "config.production_embedded": { level: "fail", remedy: "Set `DATABASE_URL` to a Postgres." },
  "config.production_local_model": {
    level: "warn",
    remedy:
      "Set `OPENAI_BASE_URL` to the model of production, or ignore this where the model runs beside the application.",
  },
  "config.no_feedback_secret": {
    level: "warn",
    remedy: "Set `UPTAKE_FEEDBACK_SECRET` if browsers are to send feedback by themselves (`openssl rand -base64 32`).",
  },
  "spool.unwritable": {
    level: "fail",
    remedy: "Let this user write there, or set `UPTAKE_SPOOL_DIR` to a local folder.",
  },
  "spool.full": {
    level: "fail",
    remedy: "Bring the database back, or move the files away; new records are lost meanwhile.",
  },
  "spool.leftovers": {
    level: "warn",
    remedy: "Start the application or `uptake worker` with this spool: what dead processes left is replayed.",
  },
  "spool.owner_elsewhere": {
    level: "warn",
    remedy: "If that machine's process is gone, delete the lock file, and the spool is replayed.",
  },
  "spool.damaged": {
    level: "warn",
    remedy: "Keep the file for whoever looks into it; the records around the damage are replayed.",
  },
  "database.unreachable": { level: "fail", remedy: "Do what the error says; nothing in the database was looked at." },
  "database.in_use": {
    level: "warn",
    remedy: "Stop that process to have the database looked at; only one at a time can open an embedded one.",
  },
  "migrations.missing": {
    level: "warn",
    remedy: "Run `uptake migrate`, or start the application, which does the same.",
  },
  "migrations.not_adopted": { level: "fail", remedy: "Run `uptake adopt` (docs/adopt.md)." },
  "migrations.newer": { level: "fail", remedy: "Upgrade this program to the version that the others run." },
  "migrations.edited": { level: "fail", remedy: "Use the program that made this database, or another database." },
  "rights.missing": { level: "fail", remedy: "As the owner of the tables, grant them to this role." },
  "rights.create": {
    level: "warn",
    remedy: "Later versions bring migrations: grant create on schema public to the role that runs them.",
  },
  "triggers.missing": {
    level: "fail",
    remedy:
      "Run the `create trigger` of our migrations again; what was written meanwhile: `uptake rollup check --repair`, `uptake mirror backfill`.",
  },
  "triggers.disabled": {
    level: "fail",
    remedy:
      "Run `alter table … enable trigger …`; what was written meanwhile: `uptake rollup check --repair`, `uptake mirror backfill`.",
  },
  "row_security.off": {
    level: "fail",
    remedy: "Run `alter table … enable row level security`: people of the host may read or write it.",
  },
  "locks.old_transaction": {
    level: "warn",
    remedy: "End it (`pg_terminate_backend`): it holds back vacuum, and migrations wait for it.",
  },
  "locks.waiting": { level: "warn", remedy: "Look who holds the lock (`pg_blocking_pids`), and end that transaction." },
  "clock.skew": {
    level: "warn",
    remedy: "Set both clocks by NTP: hours, leases and times to feedback are off by this much.",
  },
  "clock.wrong": {
    level: "fail",
    remedy: "Set both clocks by NTP: hours, leases and times to feedback are off by this much.",
  },
  "mirror.lag": { level: "warn", remedy: "Is a worker running, and does Langfuse answer? See `uptake mirror status`." },
  "mirror.dead_letters": {
    level: "warn",
    remedy: "See `uptake mirror status` for the reasons, then `uptake mirror retry`.",
  },
  "mirror.no_langfuse": {
    level: "warn",
    remedy: "Set the Langfuse keys, or leave it: what waits is delivered once they are set.",
  },
  "rollup.lag": { level: "warn", remedy: "Is a worker running? Nothing is lost, but reading takes longer." },
  "rollup.differs": { level: "fail", remedy: "Run `uptake rollup check --repair`, and look for disabled triggers." },
  "erasures.pending": {
    level: "warn",
    remedy:
      "Run the same `uptake erase` again: it goes on where it was and says what is missing. Langfuse is left to a worker that has its keys.",
  },
  "bloat.queue": {
    level: "warn",
    remedy: "Look whether autovacuum runs on it and what holds it back; then `vacuum` it.",
  },
  "partitions.crowded": {
    level: "warn",
    remedy: "Run `uptake partitions`; rows beyond 10,000 a month stay, which slows retention (docs/scale.md).",
  },
  "partitions.unmade": { level: "warn", remedy: "Run `uptake partitions`, or a worker, which makes months ahead." },
  "keys.missing": {
    level: "fail",
    remedy: "Make one (`uptake keys create`), or listen on this machine only: the service does not start otherwise.",
  },
  "keys.unused": {
    level: "warn",
    remedy:
      "End it (`uptake keys revoke`) if nobody needs it: a key that nobody uses is one that nobody would miss when stolen.",
  },
  "keys.expiring": { level: "warn", remedy: "See that everybody has the new key by then (`uptake keys list`)." },
  "langfuse.unreachable": {
    level: "fail",
    remedy: "Look whether `LANGFUSE_BASE_URL` is right and can be reached from here; rows wait in the outbox.",
  },
  "langfuse.keys_refused": {
    level: "fail",
    remedy: "Set the keys of one project of this Langfuse; rows wait in the outbox.",
  },
  "langfuse.not_langfuse": { level: "fail", remedy: "Set `LANGFUSE_BASE_URL` to a Langfuse, without a path." },
  "score_configs.unsound": {
    level: "warn",
    remedy: "Run `uptake mirror setup`; scores are sent without their config meanwhile.",
  },
} as const satisfies Readonly<Record<string, Known>>;

export type FindingCode = keyof typeof FINDINGS;

/** Something that is wrong. */
export function finding(code: FindingCode, found: string): DoctorFinding {
  const { level, remedy } = FINDINGS[code];
  return { code, level, found, remedy };
}

/** Something that is well. */
export const well = (code: string, found: string): DoctorFinding => ({ code, level: "ok", found, remedy: null });
