import type { Database } from "../../src/store/database.ts";

// What is planted, each time with another number; none of it may be found anywhere afterwards.

let plantedCount = 0;
const KEY = ["sk-", "planted0key1"].join("");
const TOKEN = ["tok3n", "plantedabcdef"].join("");
const TRACES = ["planted.example", KEY, "4111 1111", "9998877", "0532 0130", TOKEN, "opensesame"];

/** One of every kind. */
export const secret = (): string => {
  plantedCount += 1;
  const card = "4111 1111 1111 1111";
  return `a\nperson${plantedCount}@planted.example, ${KEY}${plantedCount}abcdefgh, ${card}, +49 171 9998877, DE89 3704 0044 0532 0130 00, Bearer ${TOKEN}${plantedCount}`;
};

export const foundIn = (text: string): readonly string[] => TRACES.filter((trace) => text.includes(trace));

/** Every row of every table but those. */
export async function dump(db: Database, without: readonly string[] = []): Promise<string> {
  const tables = await db.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    if (!without.includes(name))
      parts.push(JSON.stringify(await db.query(`select row_to_json(t)::text as row from "${name}" t`)));
  }
  return parts.join("\n");
}
