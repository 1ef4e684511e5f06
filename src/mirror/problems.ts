/** What is wrong, in plain words; the same problem of several things is told once. */
export type Problems = {
  /** `of`: what has the problem, where it is not all of it. */
  add(problem: string, of?: string): void;
  list(): string[];
};

export function createProblems(): Problems {
  const namesByProblem = new Map<string, Set<string>>();
  return {
    add(problem, of) {
      const names = namesByProblem.get(problem) ?? new Set();
      if (of !== undefined) names.add(of);
      namesByProblem.set(problem, names);
    },
    list: () =>
      [...namesByProblem].map(([problem, names]) =>
        names.size === 0 ? problem : `${[...names].join(", ")}: ${problem}`,
      ),
  };
}
