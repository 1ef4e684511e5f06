/** Above this many pairs of characters (two texts of 20,000, rewritten throughout) the answer would keep others waiting. */
const MAX_PAIRS = 400_000_000;
const WORD_BITS = 32;

/**
 * The edit distance: how many characters have to be inserted, deleted or replaced to make one text of the other
 * (Levenshtein), as a share of the longer one, 0–1. Symmetric; 0 for equal texts only. Characters are UTF-16 units.
 *
 * What both begin and end with is left out first; the rest is compared 32 characters at a time (Myers 1999, in the
 * blocks of Hyyrö 2003). Undefined where the rest of both is so long that this would take more than a moment, and for
 * two empty texts: unknown is not zero.
 *
 * @example editDistance("kitten", "sitting") // 3 / 7
 */
export function editDistance(a: string, b: string): number | undefined {
  const longer = Math.max(a.length, b.length);
  if (longer === 0) return undefined;
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a.charCodeAt(head) === b.charCodeAt(head)) head += 1;
  let tail = 0;
  while (tail < shorter - head && a.charCodeAt(a.length - 1 - tail) === b.charCodeAt(b.length - 1 - tail)) tail += 1;
  const restA = a.slice(head, a.length - tail);
  const restB = b.slice(head, b.length - tail);
  if (restA.length * restB.length > MAX_PAIRS) return undefined;
  const [rows, columns] = restA.length <= restB.length ? [restA, restB] : [restB, restA];
  return (rows === "" ? columns.length : blockwise(rows, columns)) / longer;
}

/** The table's columns go by in turn, each as bit vectors of its steps up and down, a block of 32 rows at a time. */
function blockwise(rows: string, columns: string): number {
  const blockCount = Math.ceil(rows.length / WORD_BITS);
  const matches = matchVectors(rows, blockCount);
  const none = new Int32Array(blockCount);
  const ups = new Int32Array(blockCount).fill(-1);
  const downs = new Int32Array(blockCount);
  const lastRow = 1 << ((rows.length - 1) % WORD_BITS);
  let distance = rows.length;
  for (let at = 0; at < columns.length; at += 1) {
    const match = matches.get(columns.charCodeAt(at)) ?? none;
    // The step to the right in the row above the block: the first row counts 0, 1, 2, …
    let rightUp = 1;
    let rightDown = 0;
    for (let block = 0; block < blockCount; block += 1) {
      const up = ups[block] ?? 0;
      const down = downs[block] ?? 0;
      const equal = match[block] ?? 0;
      const vertical = equal | down;
      const withCarry = equal | rightDown;
      const horizontal = ((((withCarry & up) + up) | 0) ^ up) | withCarry;
      let stepUp = down | ~(horizontal | up);
      let stepDown = up & horizontal;
      if (block === blockCount - 1) {
        if ((stepUp & lastRow) !== 0) distance += 1;
        if ((stepDown & lastRow) !== 0) distance -= 1;
      }
      const nextUp = stepUp >>> 31;
      const nextDown = stepDown >>> 31;
      stepUp = (stepUp << 1) | rightUp;
      stepDown = (stepDown << 1) | rightDown;
      ups[block] = stepDown | ~(vertical | stepUp);
      downs[block] = stepUp & vertical;
      rightUp = nextUp;
      rightDown = nextDown;
    }
  }
  return distance;
}

/** For each character, the rows that have it, as bits. */
function matchVectors(rows: string, blockCount: number): ReadonlyMap<number, Int32Array> {
  const vectors = new Map<number, Int32Array>();
  for (let row = 0; row < rows.length; row += 1) {
    const unit = rows.charCodeAt(row);
    const vector = vectors.get(unit) ?? new Int32Array(blockCount);
    const block = row >>> 5;
    vector[block] = (vector[block] ?? 0) | (1 << (row & 31));
    vectors.set(unit, vector);
  }
  return vectors;
}
