/** What went wrong with a request, in words for a person; `code` is the API's, or `offline` where nothing answered. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = "Problem";
    this.code = code;
    this.status = status;
  }
}

export const isSignInNeeded = (error: unknown): boolean => error instanceof Problem && error.status === 401;
