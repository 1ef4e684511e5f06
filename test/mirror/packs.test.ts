import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/mirror/delivery.ts";
import { packDeliveries } from "../../src/mirror/packs.ts";

function delivery(id: number, ...items: string[]): Delivery {
  const message = { id, kind: "trace" as const, ref: String(id), attempts: 1, wasUnsure: false };
  const outgoing = items.map((json) => ({ kind: "span" as const, id: json, eventId: json, json }));
  return { message, traceId: String(id), langfuseIds: items, items: outgoing };
}

function idsOf(packs: Iterable<readonly Delivery[]>): number[][] {
  return [...packs].map((pack) => pack.map((d) => d.message.id));
}

describe("packing deliveries into requests", () => {
  it("keeps the order and the limit of items, and never cuts a delivery in two", () => {
    const deliveries = [
      delivery(1, "a", "b"),
      delivery(2, "c"),
      delivery(3, "d", "e"),
      delivery(4, "f", "g", "h", "i"),
    ];
    expect(idsOf(packDeliveries(deliveries, { maxBytes: 1e6, maxItems: 3 }))).toEqual([[1, 2], [3], [4]]);
  });

  it("counts bytes, not characters", () => {
    const deliveries = [1, 2, 3, 4].map((id) => delivery(id, "ü".repeat(1000)));
    expect(idsOf(packDeliveries(deliveries, { maxBytes: 4100, maxItems: 100 }))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("gives one that is too large by itself a request by itself", () => {
    const deliveries = [delivery(1, "a"), delivery(2, "b".repeat(5000)), delivery(3, "c")];
    expect(idsOf(packDeliveries(deliveries, { maxBytes: 100, maxItems: 100 }))).toEqual([[1], [2], [3]]);
  });
});
