import { describe, expect, it } from "vitest";
import { createOutput } from "../../src/cli/output.ts";
import { durationText } from "../../src/cli/amounts.ts";
import { createProgress, progressLine } from "../../src/cli/progress.ts";

function createScreen(stderr: { isTTY: boolean; columns?: number }) {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  return { written, output: createOutput({ stdout: { write }, stderr: { ...stderr, write } }) };
}

describe("progressLine", () => {
  it("says how many, which share, how fast and how long it still takes", () => {
    const line = progressLine("replayed", { done: 100, total: 300, timedCount: 100, elapsedMs: 2000 });
    expect(line).toBe("replayed 100/300 33%, 50/s, 4s left");
  });

  it("says neither rate nor time left before there is a rate, and no time left after the last", () => {
    expect(progressLine("replayed", { done: 1, total: 300, timedCount: 0, elapsedMs: 0 })).toBe("replayed 1/300 0%");
    expect(progressLine("replayed", { done: 3, total: 3, timedCount: 3, elapsedMs: 2000 })).toBe(
      "replayed 3/3 100%, 1.5/s",
    );
  });

  it("leaves the share out where the total is unknown", () => {
    expect(progressLine("replayed", { done: 5, total: null, timedCount: 5, elapsedMs: 1000 })).toBe(
      "replayed 5, 5.0/s",
    );
  });
});

describe("durationText", () => {
  it.each([
    [0.2, "1s"],
    [59.5, "1m 0s"],
    [250, "4m 10s"],
    [7500, "2h 5m"],
  ])("writes %d seconds as %s", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

describe("createProgress", () => {
  it("rewrites one line on a terminal, never wider than it, and removes it", () => {
    const { written, output } = createScreen({ isTTY: true, columns: 30 });
    let now = 0;
    const progress = createProgress(output, "suggestions of a long name", () => now);
    for (const done of [1, 2, 3]) {
      now += 1000;
      progress.update(done, 3);
    }
    progress.finish();
    expect(written).toHaveLength(4);
    for (const text of written) {
      expect(text.startsWith("\r\u001B[K")).toBe(true);
      expect(text.length - "\r\u001B[K".length).toBeLessThan(30);
      expect(text).not.toContain("\n");
    }
    expect(written.at(-1)).toBe("\r\u001B[K");
  });

  it("draws at most ten times a second, but always the last state", () => {
    const { written, output } = createScreen({ isTTY: true });
    let now = 0;
    const progress = createProgress(output, "suggestions", () => now);
    for (let done = 1; done <= 1000; done += 1) {
      now += 1;
      progress.update(done, 1000);
    }
    expect(written.length).toBeLessThanOrEqual(12);
    expect(written.at(-1)).toContain("1000/1000 100%");
  });

  it("writes a plain line every five seconds where there is no terminal", () => {
    const { written, output } = createScreen({ isTTY: false });
    let now = 0;
    const progress = createProgress(output, "suggestions", () => now);
    for (let done = 1; done <= 12; done += 1) {
      now += 1000;
      progress.update(done, 20);
    }
    progress.finish();
    expect(written).toEqual(["suggestions 5/20 25%, 1.0/s, 15s left\n", "suggestions 10/20 50%, 1.0/s, 10s left\n"]);
  });

  it("does not count the time before the first result into the rate", () => {
    const { written, output } = createScreen({ isTTY: false });
    let now = 0;
    const progress = createProgress(output, "suggestions", () => now);
    now = 60_000;
    progress.update(1, 20);
    now = 66_000;
    progress.update(7, 20);
    expect(written).toEqual(["suggestions 1/20 5%\n", "suggestions 7/20 35%, 1.0/s, 13s left\n"]);
  });
});

describe("createOutput", () => {
  it("takes the status line away for other lines and puts it back below them", () => {
    const { written, output } = createScreen({ isTTY: true });
    output.status("half done");
    output.print("a result");
    expect(written.join("")).toBe("\r\u001B[Khalf done\r\u001B[Ka result\nhalf done");
  });
});
