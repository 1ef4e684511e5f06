const MAX_CHARS = 40;
const ALLOWED = /^[a-z0-9_-]+$/;

/**
 * An environment name as Langfuse keeps it: lower case, no leading `langfuse-` or `langfuse_`, at most 40 characters
 * of `a-z 0-9 - _`; anything else, and none at all, is `default`. Done here too, so that a trace and its scores
 * always agree and our own figures name the environment that Langfuse shows.
 */
export function normalizeEnvironment(environment: string | null): string {
  const name = (environment ?? "")
    .toLowerCase()
    .replace(/^langfuse[-_]/, "")
    .slice(0, MAX_CHARS);
  return ALLOWED.test(name) ? name : "default";
}
