import { describe, expect, it } from "vitest";
import { metricsCsv, toCsv } from "../../src/metrics/csv.ts";
import { metricsRow } from "../http/fake-services.ts";

describe("CSV", () => {
  it("quotes what RFC 4180 wants quoted, leaves unknown fields empty and ends lines with CRLF", () => {
    const records = [
      { text: 'a "b", c', amount: 0, at: new Date("2026-03-01T10:00Z"), is: true },
      { text: "two\nlines", amount: null, at: new Date("2026-03-01T11:00Z"), is: false },
    ];
    expect(toCsv(records)).toBe(
      'text,amount,at,is\r\n"a ""b"", c",0,2026-03-01T10:00:00.000Z,true\r\n"two\nlines",,2026-03-01T11:00:00.000Z,false\r\n',
    );
    expect(toCsv([])).toBe("");
  });

  it("has every figure of a row in a column, rates with what they were counted from", () => {
    const row = metricsRow({
      dimensions: { function: "reply, short" },
      errorsByType: [
        { type: null, count: 1 },
        { type: "X", count: 1 },
      ],
    });
    const [names, values] = metricsCsv([row], ["function"]).split("\r\n");
    const columns = names?.split(",") ?? [];
    for (const name of ["successRateNumerator", "coverageHigh", "latencyP99Ms", "costPerAcceptedUsd", "isPartial"]) {
      expect(columns).toContain(name);
    }
    expect(values).toMatch(/^2026-11-22T09:00:00.000Z,2026-11-22T10:00:00.000Z,false,"reply, short",40,38,2,38,/u);
    expect(values).toMatch(/,=1;X=1$/u);
    expect(columns).not.toContain("dimensions");
  });
});
