/** A cell as RFC 4180 has it; one that a spreadsheet would run as a formula is disarmed by an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/u.test(value) ? `'${value}` : value;
  return /[",\n\r]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export type CsvTable = {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
};

export const toCsv = ({ head, rows }: CsvTable): string =>
  [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
