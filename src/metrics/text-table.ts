export type Column<Row> = {
  /** Three header lines. */
  readonly head: readonly [string, string, string];
  /** Blank columns before it; little between counts that belong together, so that a line fits a terminal. */
  readonly gap: number;
  readonly cell: (row: Row) => string;
  /** Numbers stand right, words left. */
  readonly align?: "left";
};

/**
 * Rows as text for a terminal, one line a row. Rows with the same heading stand under it, since names of agent functions
 * are long and a line has to fit 150 columns. Ends with a line feed.
 */
export function textTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  headingOf: (row: Row) => string,
): string {
  const cells = rows.map((row) => ({ heading: headingOf(row), texts: columns.map(({ cell }) => cell(row)) }));
  const widths = columns.map(({ head }, i) =>
    Math.max(...head.map((line) => line.length), ...cells.map(({ texts }) => texts[i]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const width = widths[i] ?? 0;
        const padded = columns[i]?.align === "left" ? text.padEnd(width) : text.padStart(width);
        return " ".repeat(i === 0 ? 0 : (columns[i]?.gap ?? 1)) + padded;
      })
      .join("")
      .trimEnd();

  const header = ([0, 1, 2] as const).map((i) => line(columns.map(({ head }) => head[i])));
  const groups = new Map<string, string[]>();
  for (const { heading, texts } of cells) {
    const group = groups.get(heading) ?? (heading === "" ? [] : [heading]);
    group.push(line(texts));
    groups.set(heading, group);
  }
  return `${[...header, ...[...groups.values()].flat()].join("\n")}\n`;
}
