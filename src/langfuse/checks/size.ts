/** Langfuse's writer cuts a longer field of its own, without saying so, where its database refuses the row. */
export const MAX_FIELD_BYTES = 500_000;

/** Room for many fields; Langfuse Cloud takes 5 MB a request, and JSON's escapes come on top. */
export const MAX_TRACE_BYTES = 3_500_000;
const LEAST_FIELD_BYTES = 1000;

/** The most bytes that a text can have: three for each UTF-16 unit. */
export const mostBytesOf = (text: string): number => text.length * 3;

/** The text, cut at a whole character to at most so many bytes, with a marker that says how much is missing. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (mostBytesOf(text) <= maxBytes) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, maxBytes - MARKER_BYTES)
    .toString("utf8")
    .replace(/\uFFFD$/, "");
  return `${kept} [cut: ${bytes - Buffer.byteLength(kept)} of ${bytes} bytes]`;
}

const MARKER_BYTES = 60;

/** The longest that a field may be for all of them to fit: the usual limit, or half of it as often as needed. */
export function fieldLimit(fieldBytes: readonly number[], maxBytes: number): number {
  const sumAt = (limit: number): number => fieldBytes.reduce((sum, bytes) => sum + Math.min(bytes, limit), 0);
  let limit = MAX_FIELD_BYTES;
  while (limit > LEAST_FIELD_BYTES && sumAt(limit) > maxBytes) limit = Math.max(LEAST_FIELD_BYTES, limit / 2);
  return Math.floor(limit);
}
