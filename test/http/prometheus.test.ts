import { describe, expect, it } from "vitest";
import { createPrometheus } from "../../src/http/prometheus.ts";
import { readExposition } from "../support/exposition.ts";

const read = async (prometheus: ReturnType<typeof createPrometheus>) =>
  readExposition((await prometheus.expose()).text);

describe("createPrometheus", () => {
  it("exposes counters, histograms and gauges in the text format 0.0.4, with labels escaped", async () => {
    const prometheus = createPrometheus();
    const { instruments } = prometheus;
    const odd = 'quote " backslash \\ line\nend';
    instruments
      .counter({ name: "made_total", help: "Made.\nAll of it \\.", labelNames: ["what"] })
      .add(2, { what: odd });
    const took = instruments.histogram({ name: "took_seconds", help: "Took.", buckets: [0.5, 1] });
    for (const seconds of [0.25, 0.75, 4]) took.observe(seconds);
    let held = 7;
    instruments.kept({ name: "kept_total", help: "Kept." }, () => held);
    instruments.gauge({ name: "open", help: "Open.", labelNames: ["door"] }, () => [
      { value: 1, labels: { door: "front" } },
    ]);
    const { contentType } = await prometheus.expose();
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    held = 9;
    const exposed = await read(prometheus);
    expect(exposed.value("made_total", { what: odd })).toBe(2);
    expect(exposed.value("took_seconds_bucket", { le: "1" })).toBe(2);
    expect(exposed.value("took_seconds_sum")).toBe(5);
    expect(exposed.value("kept_total")).toBe(9);
    expect(exposed.value("open", { door: "front" })).toBe(1);
  });

  it("leaves out a gauge that is not known any more, with and without labels", async () => {
    const prometheus = createPrometheus();
    let samples = [{ value: 3 }];
    prometheus.instruments.gauge({ name: "plain", help: "Plain." }, () => samples);
    prometheus.instruments.gauge({ name: "named", help: "Named.", labelNames: ["kind"] }, () =>
      samples.map(({ value }) => ({ value, labels: { kind: "trace" } })),
    );
    expect((await read(prometheus)).value("plain")).toBe(3);
    samples = [];
    expect((await read(prometheus)).samples).toEqual([]);
  });

  it("shows everything else when one gauge cannot be read", async () => {
    const prometheus = createPrometheus();
    prometheus.instruments.gauge({ name: "broken", help: "Broken." }, () => {
      throw new Error("no such directory");
    });
    prometheus.instruments.counter({ name: "made_total", help: "Made." }).add(1);
    expect((await read(prometheus)).samples).toEqual([{ name: "made_total", labels: {}, value: 1 }]);
  });

  it("keeps two of one process apart", async () => {
    const [one, other] = [createPrometheus(), createPrometheus()];
    for (const { instruments } of [one, other]) instruments.counter({ name: "made_total", help: "Made." }).add(1);
    expect((await read(one)).value("made_total")).toBe(1);
  });
});
