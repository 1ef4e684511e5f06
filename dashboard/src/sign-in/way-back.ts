import { navigate } from "wouter/use-browser-location";

const SIGN_IN = "/sign-in";

/** Where to go once signed in: an address of our own pages. What a link says otherwise counts as not said. */
export function wayBack(search: URLSearchParams, origin: string): string {
  const wanted = search.get("back") ?? "/";
  if (!URL.canParse(wanted, origin)) return "/";
  const url = new URL(wanted, origin);
  return url.origin === origin && url.pathname !== SIGN_IN ? url.pathname + url.search : "/";
}

/** The sign-in page, which knows the way back here. */
export function goToSignIn(): void {
  const { pathname, search } = window.location;
  if (pathname === SIGN_IN) return;
  navigate(`${SIGN_IN}?${new URLSearchParams({ back: pathname + search }).toString()}`, { replace: true });
}
