/** A stream that text is written to; `process.stdout` and `process.stderr` are. */
export type TextStream = { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };

/** Where a command writes: results to stdout, everything about the run to stderr. */
export type Output = {
  /** Lines of the result. */
  print(text: string): void;
  /** A line about the run. */
  note(line: string): void;
  /** Rewrites the one status line at the bottom of the terminal; only where `isTerminal`. An empty text removes it. */
  status(text: string): void;
  /** Whether stderr is a terminal that a status line can be rewritten on. */
  readonly isTerminal: boolean;
  /** Width of the status line: the terminal's, within bounds. */
  columns(): number;
};

const FALLBACK_COLUMNS = 80;
const MAX_COLUMNS = 120;
const MIN_COLUMNS = 20;
const CLEAR_LINE = "\r\u001B[K";

/** Puts lines on two streams so that they never run into the status line that is being rewritten between them. */
export function createOutput({ stdout, stderr }: { stdout: TextStream; stderr: TextStream }): Output {
  const isTerminal = stderr.isTTY === true;
  let status = "";
  const around = (write: () => void): void => {
    if (status !== "") stderr.write(CLEAR_LINE);
    write();
    if (status !== "") stderr.write(status);
  };
  // One column stays free: a character in the last one makes many terminals begin a new line.
  const columns = (): number => Math.max(MIN_COLUMNS, Math.min(stderr.columns ?? FALLBACK_COLUMNS, MAX_COLUMNS)) - 1;
  return {
    print: (text) => around(() => stdout.write(`${text}\n`)),
    note: (line) => around(() => stderr.write(`${line}\n`)),
    status(text) {
      if (!isTerminal) return;
      status = text.slice(0, columns());
      stderr.write(`${CLEAR_LINE}${status}`);
    },
    isTerminal,
    columns,
  };
}
