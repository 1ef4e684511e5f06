import { describe, expect, it } from "vitest";
import type { EraseOptions } from "../../src/cli/erasure-services.ts";
import type { ErasureSubject } from "../../src/domain/erasure.ts";
import { NOTHING_ERASED } from "../../src/domain/erasure.ts";
import { doneErasure, emptyRetention, fakeServices, run } from "./fake-services.ts";

const { erasure } = fakeServices();

describe("uptake erase", () => {
  it("passes on what is asked for and prints the receipt, with 0 once all is done", async () => {
    const asked: [ErasureSubject, Omit<EraseOptions, "signal">][] = [];
    const services = {
      erasure: {
        ...erasure,
        erase: (subject: ErasureSubject, { by, waitMs }: EraseOptions) => {
          asked.push([subject, { by, waitMs }]);
          return Promise.resolve({ ...doneErasure, counts: { ...NOTHING_ERASED, suggestionCount: 2, traceCount: 1 } });
        },
      },
    };
    const { code, stdout } = await run(["erase", "--ticket", "4711", "--by", "jo", "--wait", "5m"], { services });
    expect(code).toBe(0);
    expect(asked).toEqual([
      [
        { kind: "ticket", id: "4711" },
        { by: "jo", waitMs: 300_000 },
      ],
    ]);
    expect(stdout).toBe(
      [
        `erasure ${doneErasure.id}: ticket with SHA-256 ${doneErasure.subjectSha256}`,
        "2 suggestions and 0 feedback events emptied; 1 trace, 0 tickets, 0 ticket messages, 0 messages in the outbox deleted",
        "database: done, nothing of it",
        "spool: done, nothing of it",
        "langfuse: done, nothing of it",
        "done\n",
      ].join("\n"),
    );
    expect(stdout).not.toContain("4711");
  });

  it("ends with 1 while something is pending, and prints JSON when asked", async () => {
    const pending = { ...doneErasure, state: "pending" as const };
    const services = { erasure: { ...erasure, erase: () => Promise.resolve(pending) } };
    const { code, stdout } = await run(["erase", "--customer", "c", "--json"], { services });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: "pending", subjectKind: "ticket" });
  });

  it("changes nothing with --dry-run", async () => {
    const services = { erasure: { ...erasure, erase: () => Promise.reject(new Error("it erased")) } };
    const { code, stdout } = await run(["erase", "--customer", "c", "--dry-run"], { services });
    expect(code).toBe(0);
    expect(stdout).toContain("0 suggestions and 0 feedback events would be emptied");
    expect(stdout).toContain("nothing was changed");
  });

  it.each([
    [["erase"], "exactly one"],
    [["erase", "--ticket", "1", "--customer", "2"], "exactly one"],
    [["erase", "--ticket", " "], "expected an id"],
    [["erase", "--suggestion", "12"], "UUID"],
    [["erase", "--ticket", "1", "--wait", "soon"], "--wait"],
  ])("refuses %j", async (argv, problem) => {
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });
});

describe("uptake retain", () => {
  it("says what it removed and what it kept", async () => {
    const kept = [
      { kind: "content", why: "waiting", suggestionCount: 3 },
      { kind: "rows", why: "unwritten", hourCount: 1 },
    ] as const;
    const services = { retain: () => Promise.resolve({ ...emptyRetention, emptiedSuggestionCount: 4, kept }) };
    const { code, stdout, opened } = await run(["retain", "--retain-content", "90d"], { services });
    expect(opened[0]?.retention).toEqual({ contentMs: 90 * 86_400_000, tracesMs: null, rowsMs: null });
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        "4 suggestions and 0 feedback events emptied; 0 traces and 0 suggestions deleted",
        "kept content: 3 rows with messages that have yet to reach Langfuse (uptake mirror status)",
        "kept rows: not all is written to aggregated_metrics yet (1 hour; a worker does)\n",
      ].join("\n"),
    );
  });

  it("says that nothing is set", async () => {
    expect(await run(["retain"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no age is set") as unknown,
    });
  });
});
