/** Above this many characters in both texts together the answer would keep others waiting. */
const MAX_CHARS = 100_000;

/**
 * The compression distance from a suggestion to a final text, 0–1: what share of the final text had to be written anew,
 * counted in the pieces that a compressor which already knows the suggestion would need for it.
 *
 * Devatine & Abraham 2024 (arXiv 2412.17321): d(S→T) = LZ(S·T) − LZ(S), with LZ the number of phrases of the Lempel–Ziv 77
 * factorisation, which follows people's editing time better than Levenshtein does, as a block that was moved or copied is
 * one piece. Here a new phrase begins where T begins, and d is put between what it cannot fall below (one phrase: T stands
 * in S as it is) and what it cannot exceed (T's own phrases, S being of no use): (d − 1) / (LZ(T) − 1).
 *
 * Not symmetric: leaving out is cheap, writing is not. Undefined for a text that is empty or of one phrase only, and for
 * texts that would take too long: unknown is not zero.
 *
 * @example compressionDistance("one two three", "three one two") // 2 / 11: "three", " ", "one two" instead of 12 phrases
 */
export function compressionDistance(suggestion: string, finalText: string): number | undefined {
  if (suggestion.length + finalText.length > MAX_CHARS) return undefined;
  const alone = phraseCount("", finalText);
  if (alone < 2) return undefined;
  return (phraseCount(suggestion, finalText) - 1) / (alone - 1);
}

/**
 * Phrases of the text for someone who knows another: read from the left, each is the longest piece that stands before it,
 * in what is known or in the text itself, or else one new character. Linear in both lengths.
 *
 * @example phraseCount("abc", "bcab") // 2: "bc", "ab"
 */
export function phraseCount(known: string, text: string): number {
  const pieces = createPieces(known.length + text.length);
  for (let at = 0; at < known.length; at += 1) pieces.append(known.charCodeAt(at));
  let count = 0;
  let start = 0;
  while (start < text.length) {
    const length = Math.max(1, pieces.longestAt(text, start));
    for (let at = start; at < start + length; at += 1) pieces.append(text.charCodeAt(at));
    start += length;
    count += 1;
  }
  return count;
}

type Pieces = {
  append(unit: number): void;
  /** Length of the longest piece of the text from `start` on that stands in what was appended. */
  longestAt(text: string, start: number): number;
};

const UNITS = 0x10000;

/**
 * All pieces of a growing text: its suffix automaton (Blumer et al. 1985), at most two states and three steps a character.
 * A step is kept in a map under state × 65,536 + character, since most states have one step only.
 */
function createPieces(maxLength: number): Pieces {
  const maxStates = 2 * maxLength + 2;
  const length = new Int32Array(maxStates);
  const link = new Int32Array(maxStates).fill(-1);
  // The characters by which a state can be left, as a list: needed where a state is copied.
  const lastStep = new Int32Array(maxStates).fill(-1);
  const stepUnit: number[] = [];
  const stepBefore: number[] = [];
  const steps = new Map<number, number>();
  let stateCount = 1;
  let last = 0;

  function setStep(state: number, unit: number, to: number): void {
    const key = state * UNITS + unit;
    if (!steps.has(key)) {
      stepBefore.push(lastStep[state] ?? -1);
      lastStep[state] = stepUnit.push(unit) - 1;
    }
    steps.set(key, to);
  }

  const stepOf = (state: number, unit: number): number => steps.get(state * UNITS + unit) ?? -1;

  function copyOf(state: number, newLength: number): number {
    const copy = stateCount;
    stateCount += 1;
    length[copy] = newLength;
    link[copy] = link[state] ?? -1;
    for (let step = lastStep[state] ?? -1; step !== -1; step = stepBefore[step] ?? -1) {
      const unit = stepUnit[step] ?? 0;
      setStep(copy, unit, stepOf(state, unit));
    }
    return copy;
  }

  function append(unit: number): void {
    const added = stateCount;
    stateCount += 1;
    length[added] = (length[last] ?? 0) + 1;
    let state = last;
    last = added;
    for (; state !== -1 && stepOf(state, unit) === -1; state = link[state] ?? -1) setStep(state, unit, added);
    if (state === -1) {
      link[added] = 0;
      return;
    }
    const next = stepOf(state, unit);
    const nextLength = (length[state] ?? 0) + 1;
    if (length[next] === nextLength) {
      link[added] = next;
      return;
    }
    const copy = copyOf(next, nextLength);
    for (; state !== -1 && stepOf(state, unit) === next; state = link[state] ?? -1) setStep(state, unit, copy);
    link[next] = copy;
    link[added] = copy;
  }

  return {
    append,
    longestAt(text, start) {
      let at = start;
      for (let state = 0; at < text.length; at += 1) {
        state = stepOf(state, text.charCodeAt(at));
        if (state === -1) break;
      }
      return at - start;
    },
  };
}
