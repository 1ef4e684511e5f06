import type { ProblemCode } from "../contract/problem.ts";

/** The server's own codes, and three of the client: no room in the queue, no answer in time, closed meanwhile. */
export type ClientErrorCode = ProblemCode | "queue_full" | "unreachable" | "closed" | "unexpected_answer";

/** Why something was not recorded. */
export class ClientError extends Error {
  /** Stable; messages may be reworded. */
  readonly code: ClientErrorCode;
  /** Of the last answer; 0 where none came. */
  readonly status: number;
  /** One line for each thing that is wrong. */
  readonly details: readonly string[];

  constructor(code: ClientErrorCode, message: string, status = 0, details: readonly string[] = []) {
    super(message);
    this.name = "ClientError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}
