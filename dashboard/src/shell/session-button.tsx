import type { ReactNode } from "react";
import { useSession, useSignOut } from "../api/session.ts";
import { goToSignIn } from "../sign-in/go-to-sign-in.ts";
import { Button } from "../ui/button.tsx";

/** The way out, for whoever signed in. */
export function SessionButton(): ReactNode {
  const publicKey = useSession().data?.publicKey ?? null;
  const signOut = useSignOut(goToSignIn);
  if (publicKey === null) return null;
  return (
    <Button look="quiet" title={publicKey} disabled={signOut.isPending} onClick={() => signOut.mutate()}>
      Sign out
    </Button>
  );
}
