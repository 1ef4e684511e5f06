import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { downloadCsv } from "./download-csv.ts";

export type Column<Row> = {
  readonly head: string;
  /** What a person reads. */
  readonly cell: (row: Row) => ReactNode;
  /** What goes into the CSV: the exact figure, not what is written of it. */
  readonly value: (row: Row) => string | number | null;
  readonly align?: "left" | "right";
};

type DataTableProps<Row> = {
  /** Names the table for a screen reader, and its CSV file. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
};

/** Figures stay on their line; a table that is wider than the page scrolls in its own place. */
const alignment = (align: "left" | "right" | undefined): string =>
  align === "left" ? "min-w-28 text-left" : "text-right whitespace-nowrap";

export function DataTable<Row>({ name, columns, rows, rowKey }: DataTableProps<Row>): ReactNode {
  return (
    <div>
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={`${name}, as a table`}>
        <table aria-label={name} className="w-full border-collapse text-sm tabular-nums">
          <thead>
            <tr className="border-b border-line text-soft">
              {columns.map(({ head, align }) => (
                <th
                  key={head}
                  scope="col"
                  className={`px-2 py-1.5 align-bottom font-medium [overflow-wrap:normal] ${alignment(align)}`}
                >
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={rowKey(row)} className="border-b border-line last:border-0">
                {columns.map(({ head, align, cell }) => (
                  <td key={head} className={`px-2 py-1.5 align-top ${alignment(align)}`}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CsvButton name={name} columns={columns} rows={rows} />
    </div>
  );
}

/** The rows as a file, each figure exactly. */
export function CsvButton<Row>({ name, columns, rows }: Omit<DataTableProps<Row>, "rowKey">): ReactNode {
  const save = (): void =>
    downloadCsv(name.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-"), {
      head: columns.map(({ head }) => head),
      rows: rows.map((row) => columns.map(({ value }) => value(row))),
    });
  return (
    <Button look="quiet" className="mt-1" onClick={save} aria-label={`CSV of ${name}`}>
      CSV
    </Button>
  );
}
