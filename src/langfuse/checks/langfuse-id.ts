import { unsendable } from "./rule.ts";

/** A trace id is 16 bytes in hex, an observation id 8; OpenTelemetry reserves the one that is all zeros. */
const FORM = {
  trace: { digits: 32, isRight: /^(?!0+$)[0-9a-f]{32}$/ },
  observation: { digits: 16, isRight: /^(?!0+$)[0-9a-f]{16}$/ },
} as const;

/**
 * The id in lower case and without the dashes of a UUID. Any other that is not hex of the right length is refused, as
 * nobody knows what was meant: with one such span Langfuse 3 loses the whole request after answering 200.
 */
export function langfuseId(kind: keyof typeof FORM, field: string, value: unknown): string {
  const { digits, isRight } = FORM[kind];
  const id = typeof value === "string" ? value.toLowerCase().replaceAll("-", "") : "";
  if (isRight.test(id)) return id;
  throw unsendable(`${kind}-id`, field, value, {
    expected: `${digits} hex digits that are not all zeros`,
    remedy: `correct it, or set it to null for the id that Uptake derives`,
  });
}
