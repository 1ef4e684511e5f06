// The floor: bare Node and pg, one multi-row insert a request, an id made for every row. Answers once it is committed.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 });

const tables = {
  "/v1/suggestions": {
    sql: "insert into floor_suggestions (id, function_name, response, model, latency_ms, input_tokens, output_tokens, input) values ",
    row: (given) => [
      randomUUID(),
      given.functionName,
      given.text,
      given.model,
      given.latencyMs,
      given.inputTokens,
      given.outputTokens,
      JSON.stringify(given.input),
    ],
  },
  "/v1/feedback": {
    sql: "insert into floor_feedback (id, suggestion_id, type, final_text, agent_id) values ",
    row: (given) => [randomUUID(), given.suggestionId, given.type, given.finalText, given.agentId],
  },
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const table = tables[request.url];
    const rows = (Array.isArray(body) ? body : [body]).map(table.row);
    const width = rows[0].length;
    const places = rows.map(
      (_, row) => `(${Array.from({ length: width }, (_, column) => `$${row * width + column + 1}`)})`,
    );
    await pool.query(table.sql + places.join(","), rows.flat());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(rows.map(([id]) => id)));
  });
});

await pool.query(`
  create table if not exists floor_suggestions (
    id uuid primary key, function_name text, response text, model text, latency_ms integer, input_tokens integer,
    output_tokens integer, input jsonb, created_at timestamptz not null default now()
  );
  create table if not exists floor_feedback (
    id uuid primary key, suggestion_id uuid not null, type text not null, final_text text, agent_id text,
    created_at timestamptz not null default now()
  )`);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
