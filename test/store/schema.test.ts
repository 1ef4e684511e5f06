import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { openTestEmbedded, openTestPostgres } from "../support/databases.ts";
import { describeSchema } from "../support/describe-schema.ts";

const committed = new URL("../schema.sql", import.meta.url);

describe.each([
  { kind: "postgres", openOne: openTestPostgres },
  { kind: "embedded", openOne: openTestEmbedded },
])("the schema on $kind", ({ kind, openOne }) => {
  it("is the committed one", async () => {
    const opened = await openOne();
    onTestFinished(() => opened.drop());
    const schema = await describeSchema(opened.db);
    if (kind === "postgres" && process.env["UPDATE_SCHEMA"] === "1") writeFileSync(committed, schema);
    expect(schema, "UPDATE_SCHEMA=1 writes test/schema.sql anew").toBe(readFileSync(committed, "utf8"));
  });
});
