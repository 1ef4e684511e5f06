import { describe, expect, it } from "vitest";
import { hourFrom, hourOf, startOfHour } from "../../src/domain/hour.ts";

const at = (text: string): Date => new Date(text);

describe("hour buckets", () => {
  it("hold everything from the full hour to just before the next", () => {
    const hour = hourOf(at("2026-03-01T14:00:00Z"));
    expect(hourOf(at("2026-03-01T14:59:59.999Z"))).toBe(hour);
    expect(hourOf(at("2026-03-01T15:00:00Z"))).toBe(hour + 1);
    expect(startOfHour(hour)).toEqual(at("2026-03-01T14:00:00Z"));
  });

  it("round a range's end up, and leave a full hour as it is", () => {
    expect(hourFrom(at("2026-03-01T14:00:00Z"))).toBe(hourOf(at("2026-03-01T14:00:00Z")));
    expect(hourFrom(at("2026-03-01T14:00:00.001Z"))).toBe(hourOf(at("2026-03-01T15:00:00Z")));
  });
});
