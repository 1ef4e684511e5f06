import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { root, runUptake, type Finished } from "./run-program.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-replay-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const replay = (file: string, dataDir: string, ...flags: string[]): Promise<Finished> =>
  runUptake(["replay", file, "--data-dir", dataDir, ...flags], { cwd: scratch });

async function inDatabase<Result>(dataDir: string, read: (db: Database) => Promise<Result>): Promise<Result> {
  const db = await openEmbedded({ dataDir });
  try {
    return await read(db);
  } finally {
    await db.close();
  }
}

type Content = { readonly rowCount: number; readonly digest: string | null };

/** How many rows every table has, and a digest of all their columns. */
/** Of every table but the one in which each process notes that it runs. */
async function contentOfTables(db: Database): Promise<Record<string, Content>> {
  const tables = await db.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'uptake_workers' order by 1`,
  );
  const content: Record<string, Content> = {};
  for (const { name } of tables) {
    const [found] = await db.query<Content>(
      `select count(*)::int as "rowCount", md5(string_agg(t::text, e'\\n' order by t::text)) as digest from ${name} t`,
    );
    if (found !== undefined) content[name] = found;
  }
  return content;
}

const retrievedSql = `
  select s.id as "suggestionId", own.customer_id as "ownCustomer", other.customer_id as "otherCustomer", m.user_id as "by"
  from ai_suggestions s
  join tickets own on own.id::text = s.ticket_id
  cross join jsonb_to_recordset(s.metadata -> 'retrieved') as r (kind text, id text)
  left join ticket_messages m on m.id::text = r.id
  left join tickets other on other.id = m.ticket_id
  where r.kind = 'reply'`;
type RetrievedReply = {
  readonly suggestionId: string;
  readonly ownCustomer: string;
  /** Null where what was retrieved is no message of the desk. */
  readonly otherCustomer: string | null;
  readonly by: string | null;
};

/** Replies that a suggestion was shown although its own conversation, or a later one, says them. */
function knownTooEarly(retrieved: readonly RetrievedReply[], conversationIds: readonly string[]): RetrievedReply[] {
  // The file's order is the order of time; an imported ticket's customer is named after its conversation.
  const order = new Map(conversationIds.map((id, line) => [`customer of ${id}`, line]));
  return retrieved.filter(({ ownCustomer, otherCustomer }) => {
    const own = order.get(ownCustomer) ?? -1;
    const other = order.get(otherCustomer ?? "") ?? Number.POSITIVE_INFINITY;
    return other >= own;
  });
}

describe("replay of a small file with a malformed line", { timeout: 180_000 }, () => {
  const user = (content: string) => ({ role: "user", content });
  const assistant = (content: string) => ({ role: "assistant", content });
  const conversations = [
    {
      id: "parcel-1",
      resolved: true,
      messages: [
        user("Where is my parcel? It should have arrived on Monday."),
        { role: "assistant", tool_calls: [{ name: "find_order", arguments: { id: "B-1" } }] },
        { role: "tool", name: "find_order", content: "secret tool result" },
        assistant("Your parcel left our house yesterday and arrives on Friday."),
        user("Thank you. Can I still change the address?"),
        assistant("The address of a parcel under way cannot be changed any more."),
        user("Pity."),
      ],
    },
    {
      id: "parcel-2",
      resolved: false,
      messages: [
        user("Where is my parcel? The parcel should have arrived."),
        assistant("Your parcel left our house yesterday and arrives on Friday."),
      ],
    },
    {
      id: "refund-1",
      resolved: true,
      messages: [user("Where is the refund for my parcel?"), assistant("It was paid out to your card this morning.")],
    },
  ] as const;
  const [first, second, third] = conversations;
  const file = join(scratch, "small.jsonl");
  const dataDir = join(scratch, "small");
  const turns = 4;
  let ran: Finished;
  let after: Record<string, Content>;
  let retrieved: readonly RetrievedReply[];

  beforeAll(async () => {
    const lines = [first, second].map((conversation) => JSON.stringify(conversation));
    writeFileSync(file, [...lines, '{"id": "cut off", "messa', JSON.stringify(third), ""].join("\n"));
    ran = await replay(file, dataDir);
    [after, retrieved] = await inDatabase(dataDir, async (db) => [
      await contentOfTables(db),
      await db.query<RetrievedReply>(retrievedSql),
    ]);
  }, 180_000);

  it("names file and line, replays the rest, sums up and ends with 1", () => {
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(new RegExp(`^${file.replaceAll(".", "\\.")}:3: is not JSON`, "mu"));
    expect(ran.stderr).not.toMatch(/:(?:1|2|4|5): /u);
    expect(ran.stdout).toContain(`3 conversations, ${turns} customer turns with a reply\n`);
    expect(ran.stdout).toContain(`${turns} suggestions made, 0 known from before, 0 failed\n`);
    expect(ran.stdout).toContain("1 malformed line left out\n");
    const [, ...inferred] = /(\d+) approvals?, (\d+) revisions?, (\d+) rejections?/u.exec(ran.stdout) ?? [];
    expect(inferred.map(Number).reduce((a, b) => a + b, 0)).toBe(turns);
  });

  it("stores a suggestion, a trace and a feedback event for every turn, and nothing of the malformed line or of tools", async () => {
    expect(after["ai_suggestions"]?.rowCount).toBe(turns);
    expect(after["ai_traces"]?.rowCount).toBe(turns);
    expect(after["ai_feedback_events"]?.rowCount).toBe(turns);
    expect(after["tickets"]?.rowCount).toBe(conversations.length);
    expect(after["rollup_deltas"]?.rowCount).toBe(0);
    const texts = await inDatabase(dataDir, (db) =>
      db.query<{ content: string }>("select content from ticket_messages"),
    );
    expect(texts).toHaveLength(9);
    expect(texts.filter(({ content }) => /secret|cut off/u.test(content))).toEqual([]);
  });

  it("shows a suggestion replies of earlier conversations only", () => {
    expect(retrieved.length).toBeGreaterThan(0);
    expect(knownTooEarly(retrieved, ["parcel-1", "parcel-2", "refund-1"])).toEqual([]);
    expect(new Set(retrieved.map(({ by }) => by))).toEqual(new Set(["recorded-agent"]));
  });

  it("creates and changes nothing when it runs again", async () => {
    const again = await replay(file, dataDir);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain(`0 suggestions made, ${turns} known from before, 0 failed\n`);
    expect(again.stdout).toContain("0 approvals, 0 revisions, 0 rejections\n");
    expect(await inDatabase(dataDir, contentOfTables)).toEqual(after);
  });
});

const airline = join(root, "../shared/data/airline-support.jsonl");
const withAirline = existsSync(airline) ? describe : describe.skip;

// The data are not ours to copy; where they are missing the small file above is all that is tested.
withAirline(
  "replay of 300 real turns (skipped where ../shared/data/airline-support.jsonl is missing)",
  { timeout: 300_000 },
  () => {
    const dataDir = join(scratch, "airline");
    let ran: Finished;
    let after: Record<string, Content>;

    beforeAll(async () => {
      ran = await replay(airline, dataDir, "--limit", "300");
      after = await inDatabase(dataDir, contentOfTables);
    }, 300_000);

    it("replays 300 turns and ends with 0", () => {
      expect({ code: ran.code, stderr: ran.code === 0 ? "" : ran.stderr }).toEqual({ code: 0, stderr: "" });
      expect(ran.stdout).toMatch(/^\d+ conversations, 300 customer turns with a reply$/mu);
      expect(ran.stdout).toMatch(/^300 suggestions made, 0 known from before, 0 failed$/mu);
      expect(after["ai_suggestions"]?.rowCount).toBe(300);
      expect(after["ai_feedback_events"]?.rowCount).toBe(300);
    });

    it("never shows a suggestion a reply of its own conversation or of a later one", async () => {
      const ids = readFileSync(airline, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => String((JSON.parse(line) as { id: unknown }).id));
      const retrieved = await inDatabase(dataDir, (db) => db.query<RetrievedReply>(retrievedSql));
      expect(retrieved.length).toBeGreaterThan(300);
      expect(knownTooEarly(retrieved, ids)).toEqual([]);
    });

    it("creates and changes nothing when it runs again", async () => {
      const again = await replay(airline, dataDir, "--limit", "300");
      expect({ code: again.code, stderr: again.code === 0 ? "" : again.stderr }).toEqual({ code: 0, stderr: "" });
      expect(again.stdout).toMatch(/^0 suggestions made, 300 known from before, 0 failed$/mu);
      expect(await inDatabase(dataDir, contentOfTables)).toEqual(after);
    });
  },
);
