// The floor: bare Node and pg, one multi-row insert a request, an id made for every row. Answers once it is committed.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "pg";

type Given = Readonly<Record<string, unknown>>;
type Table = { readonly sql: string; row(given: Given): readonly unknown[] };

const TABLES: Readonly<Record<string, Table>> = {
  "/v1/suggestions": {
    sql: "insert into floor_suggestions (id, function_name, response, model, latency_ms, input_tokens, output_tokens, input) values ",
    row: ({ functionName, text, model, latencyMs, inputTokens, outputTokens, input }) => [
      randomUUID(),
      functionName,
      text,
      model,
      latencyMs,
      inputTokens,
      outputTokens,
      JSON.stringify(input),
    ],
  },
  "/v1/feedback": {
    sql: "insert into floor_feedback (id, suggestion_id, type, final_text, agent_id) values ",
    row: ({ suggestionId, type, finalText, agentId }) => [randomUUID(), suggestionId, type, finalText, agentId],
  },
};

const SCHEMA = `
  create table if not exists floor_suggestions (
    id uuid primary key, function_name text, response text, model text, latency_ms integer, input_tokens integer,
    output_tokens integer, input jsonb, created_at timestamptz not null default now()
  );
  create table if not exists floor_feedback (
    id uuid primary key, suggestion_id uuid not null, type text not null, final_text text, agent_id text,
    created_at timestamptz not null default now()
  )`;

const pool = new Pool({ connectionString: process.argv[2], max: 10 });

async function insert(path: string, body: string): Promise<string> {
  const table = TABLES[path];
  if (table === undefined) throw new Error(`no ${path} here`);
  const given = JSON.parse(body) as Given | readonly Given[];
  const rows = [given].flat().map((one) => table.row(one));
  const width = rows[0]?.length ?? 0;
  const places = rows.map(
    (_, row) => `(${Array.from({ length: width }, (_, column) => `$${row * width + column + 1}`).join(",")})`,
  );
  await pool.query(table.sql + places.join(","), rows.flat());
  return JSON.stringify(rows.map(([id]) => id));
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    void insert(request.url ?? "", Buffer.concat(chunks).toString()).then((json) => {
      response.setHeader("content-type", "application/json");
      response.end(json);
    });
  });
});

await pool.query(SCHEMA);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
