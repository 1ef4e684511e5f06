export const SIGN_IN = "/sign-in";

/** Where to go once signed in: an address of our own pages. What a link says otherwise counts as not said. */
export function wayBack(search: URLSearchParams, origin: string): string {
  const wanted = search.get("back") ?? "/";
  if (!URL.canParse(wanted, origin)) return "/";
  const url = new URL(wanted, origin);
  return url.origin === origin && url.pathname !== SIGN_IN ? url.pathname + url.search : "/";
}
