import { describe, expect, it } from "vitest";
import { isUuid, namedId, newId, observationIdOf, repeatableId, scoreIdOf, traceIdOf } from "../../src/domain/ids.ts";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("ids", () => {
  it("are UUIDs of version 7 that sort by time", () => {
    const ids = Array.from({ length: 100 }, () => newId());
    expect(ids.every((id) => V7.test(id))).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(100);
  });

  it("give the trace and its observations without a look-up", () => {
    const traceId = traceIdOf("0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
    expect(traceId).toBe("0190a1b2c3d47e5f8a9b0c1d2e3f4a5b");
    // SHA-256 by another program: printf '0190a1b2c3d47e5f8a9b0c1d2e3f4a5b:0' | sha256sum
    expect(observationIdOf(traceId, 0)).toBe("626a436d09fe459c");
    expect(observationIdOf(traceId, 1)).not.toBe(observationIdOf(traceId, 0));
  });

  it("of scores and imports are the same every time", () => {
    expect(scoreIdOf("f1", "accepted")).toBe(scoreIdOf("f1", "accepted"));
    expect(scoreIdOf("f1", "accepted")).not.toBe(scoreIdOf("f1", "feedback"));
    expect(namedId("a", "b:c")).not.toBe(namedId("a:b", "c"));
    expect(isUuid(scoreIdOf("f1", "accepted"))).toBe(true);
  });

  it("of scores and imports are UUIDs of version 5", () => {
    // By another program: python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID("6f2f8ed2-6f0e-5d5c-9c8a-0d7a3ad6c1b4"), "f1:accepted"))'
    expect(scoreIdOf("f1", "accepted")).toBe("65decb13-adfd-5a8f-b930-98cd1bd62c3f");
    expect(namedId("Grüße", "日本")).toBe("ceabe8e3-5e2e-57f3-9592-8c9434826bf1");
  });

  it("of repeatable suggestions carry their time and differ by key", () => {
    const at = new Date("2026-11-22T10:00:00.123Z");
    const id = repeatableId(at, "turn 1");
    expect(id).toMatch(V7);
    expect(Number.parseInt(traceIdOf(id).slice(0, 12), 16)).toBe(at.getTime());
    expect(repeatableId(at, "turn 1")).toBe(id);
    const keys = Array.from({ length: 1000 }, (_, index) => repeatableId(at, `turn ${index}`));
    expect(new Set(keys).size).toBe(1000);
  });
});
