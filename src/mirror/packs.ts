import type { Delivery } from "./delivery.ts";

const bytesOf = ({ items }: Delivery): number => items.reduce((sum, { json }) => sum + Buffer.byteLength(json) + 1, 0);

/**
 * Groups deliveries, in order, into requests of at most so many bytes and items. A delivery is never cut in two, so
 * one that is above a limit by itself is a request by itself.
 */
export function* packDeliveries(
  deliveries: readonly Delivery[],
  limits: { readonly maxBytes: number; readonly maxItems: number },
): Generator<readonly Delivery[]> {
  let pack: Delivery[] = [];
  let bytes = 0;
  let items = 0;
  for (const delivery of deliveries) {
    const size = bytesOf(delivery);
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
