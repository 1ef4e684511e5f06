import type { Delivery } from "./delivery.ts";

/**
 * Bytes of what an item says; escapes come on top, which the limits leave room for. Walks a span's hundred values with
 * plain loops: a list of entries for each object made this a tenth of the mirror's work.
 */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) bytes += sizeOf(item) + 1;
    return bytes;
  }
  for (const key of Object.keys(value)) bytes += key.length + 4 + sizeOf((value as Record<string, unknown>)[key]); // one of its own keys
  return bytes;
}

/**
 * Groups deliveries, in order, into requests of at most so many bytes and items. A delivery is never cut in two, so
 * one that is above a limit by itself is a request by itself.
 */
export function* packDeliveries<Item>(
  deliveries: readonly Delivery<Item>[],
  limits: { readonly maxBytes: number; readonly maxItems: number },
): Generator<readonly Delivery<Item>[]> {
  let pack: Delivery<Item>[] = [];
  let bytes = 0;
  let items = 0;
  for (const delivery of deliveries) {
    const size = sizeOf(delivery.items);
    const isFull = bytes + size > limits.maxBytes || items + delivery.items.length > limits.maxItems;
    if (isFull && pack.length > 0) {
      yield pack;
      pack = [];
      bytes = 0;
      items = 0;
    }
    pack.push(delivery);
    bytes += size;
    items += delivery.items.length;
  }
  if (pack.length > 0) yield pack;
}
