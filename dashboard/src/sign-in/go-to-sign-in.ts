import { navigate } from "wouter/use-browser-location";
import { SIGN_IN } from "./way-back.ts";

/** The sign-in page, which knows the way back here. */
export function goToSignIn(): void {
  const { pathname, search } = window.location;
  if (pathname === SIGN_IN) return;
  navigate(`${SIGN_IN}?${new URLSearchParams({ back: pathname + search }).toString()}`, { replace: true });
}
