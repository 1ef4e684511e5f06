import { expect, it } from "vitest";
import { type FieldType, type FieldWriter, writeNull, writers } from "../../src/domain/binary-field.ts";
import { newId } from "../../src/domain/ids.ts";
import { recordOfRow, suggestionFields } from "../../src/domain/suggestion-row.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { arraysOf, type FieldRow } from "../../src/store/row-arrays.ts";
import { rowOf } from "../../src/track/rows.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { recordOfSize } from "../track/memory-recorder.ts";

/** One field, in a row of its own. */
function rowOfValue(type: FieldType, value: string | number | null): FieldRow {
  const target: FieldWriter = { buffer: Buffer.alloc(1_000_000), at: 0, reserve() {} };
  if (value === null) writeNull(target);
  else writers[type](target, value);
  return { bytes: target.buffer, from: 0, to: target.at };
}

const long = "é中🙂 \\ \" ' \n".repeat(5_000);
const values: readonly { type: FieldType; cast: string; given: (string | number | null)[]; back?: unknown[] }[] = [
  { type: "text", cast: "text", given: ["", null, "plain", "é", "🙂", "x".repeat(40), "x".repeat(41), long, "\u007f"] },
  {
    type: "text",
    cast: "text",
    given: ["a\0b", `${"x".repeat(60)}\ud800`, "\udc00"],
    back: ["a�b", `${"x".repeat(60)}�`, "�"],
  },
  {
    type: "uuid",
    cast: "uuid",
    given: ["018f0000-0000-7000-8000-0000000000ff", null, "ffffffff-ffff-ffff-ffff-ffffffffffff"],
  },
  { type: "int4", cast: "integer", given: [0, -1, null, 2_147_483_647, -2_147_483_648] },
  { type: "float4", cast: "real", given: [0, 0.5, null, 1, 0.8, 1e-20, -3.5] },
  {
    type: "jsonb",
    cast: "jsonb",
    given: ["{}", null, JSON.stringify({ long }), "[1,null]"],
    back: [{}, null, { long }, [1, null]],
  },
  {
    type: "timestamptz",
    cast: "timestamptz",
    given: [
      "2026-01-02T03:04:05.678Z",
      null,
      "1999-12-31T23:59:59.999Z",
      "2000-01-01T00:00:00.000Z",
      "2262-04-11T00:00:00.001Z",
    ],
    back: [
      new Date("2026-01-02T03:04:05.678Z"),
      null,
      new Date("1999-12-31T23:59:59.999Z"),
      new Date("2000-01-01T00:00:00.000Z"),
      new Date("2262-04-11T00:00:00.001Z"),
    ],
  },
];

describeEachDatabase("rows as binary arrays", (open) => {
  it.each(values)("give Postgres the values as they were: $type", async ({ type, cast, given, back = given }) => {
    const db = await open();
    const parameters = arraysOf(
      given.map((value) => rowOfValue(type, value)),
      [type],
    );
    const text = `select value from unnest($1::${cast}[]) with ordinality as r (value, place) order by place`;
    const rows = await db.query<{ value: unknown }>(text, parameters);
    expect(rows.map(({ value }) => value)).toEqual(back);
  });

  it("bring a suggestion's row into both tables with every field in its column", async () => {
    const db = await open();
    const id = newId();
    const record: SuggestionRecord = {
      id,
      projectId: "project",
      functionName: "draft 🙂",
      ticketId: "ticket",
      messageId: "message",
      systemUserId: "user",
      suggestedResponse: long,
      confidenceScore: 0.25,
      status: "error",
      createdAt: "2026-01-02T03:04:05.678Z",
      environment: "environment",
      release: "release",
      model: "model",
      promptName: "prompt",
      promptVersion: "7",
      traceId: id.replaceAll("-", ""),
      observationId: "0123456789abcdef",
      latencyMs: 1,
      timeToFirstTokenMs: 2,
      inputTokens: 3,
      outputTokens: 4,
      costUsd: 0.1 + 0.2,
      errorType: "type",
      errorMessage: "",
      metadataJson: '{"a": 1}',
      observationsJson: '[{"b": "🙂"}]',
    };
    await insertSuggestions(db, [rowOf(recordOfSize(newId())), rowOf(record)]);
    const fields = Object.keys(record).map((key) =>
      key.replace("Json", "").replace(/[A-Z]/g, (one) => `_${one.toLowerCase()}`),
    );
    const columns = fields.map((column) => (column === "observations" ? "t.observations" : `s.${column}`));
    const [row = {}] = await db.query<Record<string, unknown>>(
      `select ${columns.join(", ")} from ai_suggestions s join ai_traces t on t.suggestion_id = s.id where s.id = $1`,
      [id],
    );
    const stored = {
      createdAt: new Date(record.createdAt),
      metadataJson: { a: 1 },
      observationsJson: [{ b: "🙂" }],
    };
    expect(Object.values(row)).toEqual(Object.values({ ...record, ...stored }));
    expect(Object.keys(row)).toEqual(fields);
  });
});

it("a row says again what it was made of, and a value that its type cannot hold is refused", () => {
  const record = { ...recordOfSize(newId(), 300_000), costUsd: 1e-7, confidenceScore: 1 };
  const rows = [recordOfSize(newId()), record, recordOfSize(newId())].map(rowOf);
  expect(rows.map(recordOfRow)[1]).toEqual(record);
  expect(suggestionFields.map(({ key }) => key).sort()).toEqual(Object.keys(record).sort());
  const wrong = [{ id: "no" }, { latencyMs: 2 ** 31 }, { latencyMs: 1.5 }, { createdAt: "soon" }];
  for (const field of wrong) expect(() => rowOf({ ...record, ...field })).toThrow(RangeError);
  expect(() => arraysOf(rows, ["uuid"])).toThrow("1 fields");
});
