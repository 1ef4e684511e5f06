export type KeptAnswers<Answer> = {
  /** What is known of the name, or what the question finds. */
  of(name: string): Promise<Answer>;
  forget(name: string): void;
};

export type KeptAnswersOptions<Answer> = {
  readonly ask: (name: string) => Promise<Answer>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long an answer stands. */
  readonly keepMs: number;
};

/** So many are remembered; who asks for more makes us forget, and look again. */
const MAX_KEPT = 1_000;

/** Keeps answers for a moment, so that the database is asked once for many requests; those at the same time share one. */
export function createKeptAnswers<Answer>({ ask, now, keepMs }: KeptAnswersOptions<Answer>): KeptAnswers<Answer> {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<Answer> }>();
  return {
    of(name) {
      const at = now();
      const known = kept.get(name);
      if (known !== undefined && at < known.until) return known.answer;
      if (kept.size >= MAX_KEPT) kept.clear();
      const answer = ask(name);
      kept.set(name, { until: at + keepMs, answer });
      // What failed says nothing.
      answer.catch(() => kept.delete(name));
      return answer;
    },
    forget(name) {
      kept.delete(name);
    },
  };
}
