import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { insertSuggestion, serviceOn } from "./rows.ts";

describeOnPostgres("what a person has seen", (open) => {
  it("is marked with the first time and person, in whatever order they are told", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const { shown } = serviceOn(db);
    const [early, late] = [new Date("2026-03-01T10:00:00Z"), new Date("2026-03-01T11:00:00Z")];
    expect(await shown(id, { agentId: "jo", at: late })).toEqual({ suggestionId: id, shownAt: late, first: true });
    expect(await shown(id, { agentId: "jo", at: late })).toEqual({ suggestionId: id, shownAt: late, first: false });
    expect(await shown(id.toUpperCase(), { agentId: "kim", at: early })).toEqual({
      suggestionId: id,
      shownAt: early,
      first: true,
    });
    expect(await shown(id, { agentId: "lee" })).toMatchObject({ shownAt: early, first: false });
    const [row] = await db.query("select shown_at, shown_to from ai_suggestions");
    expect(row).toEqual({ shown_at: early, shown_to: "kim" });
  });

  it("may be told of many at once, each with its result, and of one that is still being committed", async () => {
    const db = await open();
    const late = newId();
    const foreign = await insertSuggestion(db, { projectId: "other" });
    const ids = await Promise.all([insertSuggestion(db), insertSuggestion(db)]);
    const { shown } = serviceOn(db, { flush: async () => void (await insertSuggestion(db, { id: late })) });
    const results = await shown([ids[0] ?? "", "s1", late, foreign, ids[1] ?? "", ids[0] ?? ""]);
    expect(results.map((result) => (result.ok ? result.receipt.first : result.error.message))).toEqual([
      true,
      expect.stringMatching(/^shown\.suggestionId\[1\]: got "s1"/u),
      true,
      expect.stringMatching(/^shown\.suggestionId\[3\]: no suggestion .* in project "default"/u),
      true,
      true,
    ]);
    const [row] = await db.query("select count(shown_at) as n from ai_suggestions");
    expect(row).toEqual({ n: 3 });
  });

  it("refuses an unknown suggestion and a wrong time", async () => {
    const db = await open();
    const id = await insertSuggestion(db);
    const { shown } = serviceOn(db);
    await expect(shown(newId())).rejects.toMatchObject({ code: "suggestion_not_found" });
    await expect(shown(id, { at: new Date("2099-01-01") })).rejects.toThrow("shown.at: 2099-01-01T00:00:00.000Z lies");
    await expect(shown(id, { agentId: "" })).rejects.toThrow("shown.agentId: is empty");
  });
});
