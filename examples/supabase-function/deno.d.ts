/** What of Deno this function uses. */
declare const Deno: {
  serve(handle: (request: Request) => Promise<Response>): unknown;
  readonly env: { get(name: string): string | undefined };
};
