import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import type { Database, Queryable } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";

const schema = readFileSync(new URL("./host-schema.sql", import.meta.url), "utf8");

/** A person of the host's: their profile and what their token says. */
export type Person = { readonly profileId: string; readonly authId: string };

/** A support desk that has never heard of Uptake, with its people and two tickets. */
export type Host = {
  readonly db: Database;
  readonly url: string;
  readonly admin: Person;
  readonly agent: Person;
  readonly otherAgent: Person;
  readonly customer: Person;
  /** Assigned to `agent`. */
  readonly ticketId: string;
  /** Assigned to `otherAgent`. */
  readonly otherTicketId: string;
};

async function addPerson(db: Queryable, role: string): Promise<Person> {
  const [person] = await db.query<Person>(
    `with p as (
       insert into profiles (auth_user_id, email) values (gen_random_uuid(), $1) returning id, auth_user_id
     ), r as (
       insert into roles (name) values ($1) on conflict (name) do update set name = excluded.name returning id
     ), u as (
       insert into user_roles (user_id, role_id) select p.id, r.id from p, r
     )
     select id as "profileId", auth_user_id as "authId" from p`,
    [role],
  );
  if (person === undefined) throw new Error("the person was not made");
  return person;
}

async function addTicket(db: Queryable, customer: Person, agent: Person): Promise<string> {
  const [ticket] = await db.query<{ id: string }>(
    "insert into tickets (title, customer_id, assigned_to_id) values ('Where is my refund?', $1, $2) returning id",
    [customer.profileId, agent.profileId],
  );
  return ticket?.id ?? "";
}

export async function startHost(): Promise<Host> {
  const opened = await openTestPostgres({ migrated: false });
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  await db.query(schema);
  const [admin, agent, otherAgent, customer] = [
    await addPerson(db, "admin"),
    await addPerson(db, "agent"),
    await addPerson(db, "agent"),
    await addPerson(db, "customer"),
  ];
  return {
    db,
    url,
    admin,
    agent,
    otherAgent,
    customer,
    ticketId: await addTicket(db, customer, agent),
    otherTicketId: await addTicket(db, customer, otherAgent),
  };
}

/** Runs as the application does for a person who is signed in: under its restricted role and its policies. */
export function as<T>(host: Host, person: Person, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return host.db.transaction(async (tx) => {
    await tx.query("set local role authenticated");
    await tx.query("select set_config('request.jwt.claim.sub', $1, true)", [person.authId]);
    return work(tx);
  });
}

/** What the host does for a customer's message: a pending row first, which its agent function completes. */
export async function suggest(host: Host, ticketId: string, text: string): Promise<string> {
  const [row] = await as(host, host.admin, (tx) =>
    tx.query<{ id: string }>(
      `insert into ai_suggestions (ticket_id, suggested_response, confidence_score, status)
       values ($1, 'Processing...', 0, 'pending') returning id`,
      [ticketId],
    ),
  );
  const id = row?.id ?? "";
  await as(host, host.admin, (tx) =>
    tx.query(
      `update ai_suggestions set suggested_response = $2, confidence_score = 0.8, status = 'completed',
         metadata = '{"model": "gpt-4o-mini"}', updated_at = now() where id = $1`,
      [id, text],
    ),
  );
  return id;
}

/** What the host's front end does with a batch of acts. */
export async function judge(
  host: Host,
  agent: Person,
  ticketId: string,
  acts: readonly { suggestionId: string; type: string; reason?: string; response?: string }[],
): Promise<void> {
  await as(host, agent, (tx) =>
    tx.query(
      `insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type, feedback_reason, agent_response, time_to_feedback)
       select a."suggestionId", $1, $2, a.type, a.reason, a.response, interval '40 seconds'
       from json_to_recordset($3::json) a ("suggestionId" uuid, type feedback_type, reason text, response text)`,
      [ticketId, agent.profileId, JSON.stringify(acts)],
    ),
  );
}
