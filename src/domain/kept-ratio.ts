/** Words and single marks; scripts written without spaces count by the character, also beside others as in `3月` and `サーバー`. */
const TOKEN =
  /(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ーｰ\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{N}\p{M}])+|\S/gu;

/** Above this many token pairs (two texts of some 25,000 characters, both rewritten throughout) order is ignored. */
const MAX_PAIRS = 25_000_000;

/**
 * The kept ratio: the share of the suggestion's characters that survive in the final text, 0–1.
 *
 * Characters survive as whole words in the same order: the heaviest common subsequence of words, each weighing its
 * length (the longest common subsequence of Wagner & Fischer 1974, over words instead of letters). By letters, any two
 * English texts share more than half, which says nothing. White space does not count; what the person added does not
 * lower the ratio. Undefined for a suggestion without words: unknown is not zero.
 *
 * @example keptRatio("Your refund is on its way.", "Hi Mia! Your refund is on its way today.") // 1
 */
export function keptRatio(suggestion: string, finalText: string): number | undefined {
  const suggested: readonly string[] = suggestion.match(TOKEN) ?? [];
  const final: readonly string[] = finalText.match(TOKEN) ?? [];
  const total = weightOf(suggested);
  if (total === 0) return undefined;
  return survivingWeight(suggested, final) / total;
}

const weightOf = (tokens: readonly string[]): number => tokens.reduce((sum, token) => sum + token.length, 0);

function survivingWeight(a: readonly string[], b: readonly string[]): number {
  // What both texts begin and end with survives as it is; only the middle needs comparing.
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const kept = weightOf(a.slice(0, head)) + weightOf(a.slice(a.length - tail));
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  const pairs = middleA.length * middleB.length;
  return kept + (pairs > MAX_PAIRS ? commonWeight(middleA, middleB) : heaviestSubsequence(middleA, middleB));
}

/** Weight of the heaviest common subsequence, by rows: best[j] is the best of all of `a` so far against b[0..j). */
function heaviestSubsequence(a: readonly string[], b: readonly string[]): number {
  const ids = new Map<string, number>();
  const numbered = Int32Array.from(b, (token) => {
    const id = ids.get(token) ?? ids.size;
    ids.set(token, id);
    return id;
  });
  const best = new Float64Array(numbered.length + 1);
  for (const token of a) {
    const id = ids.get(token);
    if (id === undefined) continue;
    let diagonal = 0;
    for (let j = 1; j <= numbered.length; j += 1) {
      const above = best[j] ?? 0;
      const taken = numbered[j - 1] === id ? diagonal + token.length : 0;
      best[j] = Math.max(above, best[j - 1] ?? 0, taken);
      diagonal = above;
    }
  }
  return best[numbered.length] ?? 0;
}

/** Weight of the words that both have, whatever their order: an upper bound in linear time. */
function commonWeight(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const token of b) left.set(token, (left.get(token) ?? 0) + 1);
  let weight = 0;
  for (const token of a) {
    const count = left.get(token) ?? 0;
    if (count > 0) {
      left.set(token, count - 1);
      weight += token.length;
    }
  }
  return weight;
}
