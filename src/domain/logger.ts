/** Structured log lines: a stable event name such as `mirror.delivered`, and its facts. Never content of suggestions. */
export type Logger = {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
};

export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
