/** Above this many characters in both texts together the answer would keep others waiting. */
const MAX_CHARS = 50_000;

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

/** Steps between states, by one character each. Kept in one map, since most states have one step only. */
type Steps = {
  /** The state that the step leads to; -1 where there is none. */
  get(state: number, unit: number): number;
  set(state: number, unit: number, to: number): void;
  /** Gives a new state all steps of another. */
  copy(from: number, to: number): void;
};

const UNITS = 0x10000;

function createSteps(maxStates: number): Steps {
  const steps = new Map<number, number>();
  // The characters by which each state can be left, as a list from the last to the first.
  const lastStep = new Int32Array(maxStates).fill(-1);
  const stepUnit: number[] = [];
  const stepBefore: number[] = [];

  const get = (state: number, unit: number): number => steps.get(state * UNITS + unit) ?? -1;

  function set(state: number, unit: number, to: number): void {
    const key = state * UNITS + unit;
    if (!steps.has(key)) {
      stepBefore.push(lastStep[state] ?? -1);
      lastStep[state] = stepUnit.push(unit) - 1;
    }
    steps.set(key, to);
  }

  function copy(from: number, to: number): void {
    for (let step = lastStep[from] ?? -1; step !== -1; step = stepBefore[step] ?? -1) {
      const unit = stepUnit[step] ?? 0;
      set(to, unit, get(from, unit));
    }
  }

  return { get, set, copy };
}

type Pieces = {
  append(unit: number): void;
  /** Length of the longest piece of the text from `start` on that stands in what was appended. */
  longestAt(text: string, start: number): number;
};

/** All pieces of a growing text: its suffix automaton (Blumer et al. 1985), at most two states and three steps a character. */
function createPieces(maxLength: number): Pieces {
  const maxStates = 2 * maxLength + 2;
  const length = new Int32Array(maxStates);
  const link = new Int32Array(maxStates).fill(-1);
  const steps = createSteps(maxStates);
  let stateCount = 1;
  let last = 0;

  function addState(itsLength: number, itsLink: number): number {
    length[stateCount] = itsLength;
    link[stateCount] = itsLink;
    stateCount += 1;
    return stateCount - 1;
  }

  /** The state of the longest piece that ends in the unit and stood in the text before; 0 where there is none. */
  function linkFor(from: number, unit: number): number {
    if (from === -1) return 0;
    const next = steps.get(from, unit);
    const nextLength = (length[from] ?? 0) + 1;
    if (length[next] === nextLength) return next;
    const copy = addState(nextLength, link[next] ?? -1);
    steps.copy(next, copy);
    for (let state = from; state !== -1 && steps.get(state, unit) === next; state = link[state] ?? -1) {
      steps.set(state, unit, copy);
    }
    link[next] = copy;
    return copy;
  }

  return {
    append(unit) {
      const added = addState((length[last] ?? 0) + 1, -1);
      let state = last;
      for (; state !== -1 && steps.get(state, unit) === -1; state = link[state] ?? -1) steps.set(state, unit, added);
      link[added] = linkFor(state, unit);
      last = added;
    },
    longestAt(text, start) {
      let at = start;
      for (let state = 0; at < text.length; at += 1) {
        state = steps.get(state, text.charCodeAt(at));
        if (state === -1) break;
      }
      return at - start;
    },
  };
}
