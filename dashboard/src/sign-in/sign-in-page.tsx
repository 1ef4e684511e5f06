import { type FormEvent, type ReactNode, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useSignIn } from "../api/session.ts";
import { Button } from "../ui/button.tsx";
import { Page } from "../ui/page.tsx";
import { wayBack } from "./way-back.ts";

const FIELD = "min-h-10 w-full rounded-md border border-line bg-surface px-2 font-mono text-sm text-ink";

/** Where somebody comes who has to say who they are; and who then goes back to where they wanted to go. */
export function SignInPage(): ReactNode {
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const [publicKey, setPublicKey] = useState("");
  const [secretKey, setSecretKey] = useState("");
  const signIn = useSignIn(() => go(wayBack(search, window.location.origin), { replace: true }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate({ publicKey: publicKey.trim(), secretKey: secretKey.trim() });
  };
  return (
    <Page title="Sign in">
      <form onSubmit={submit} className="grid max-w-lg gap-4 rounded-lg border border-line bg-surface p-4">
        <p className="text-soft">
          With an API key of scope <code>read</code> or <code>admin</code>. Whoever runs this service makes one with{" "}
          <code>uptake keys create --scopes read</code>.
        </p>
        <label className="grid grid-cols-1 gap-1 text-sm">
          Public key
          <input
            name="publicKey"
            autoComplete="username"
            spellCheck={false}
            placeholder="pk-up-…"
            required
            value={publicKey}
            onChange={(event) => setPublicKey(event.target.value)}
            className={FIELD}
          />
        </label>
        <label className="grid grid-cols-1 gap-1 text-sm">
          Secret key
          <input
            name="secretKey"
            type="password"
            autoComplete="current-password"
            placeholder="sk-up-…"
            required
            value={secretKey}
            onChange={(event) => setSecretKey(event.target.value)}
            className={FIELD}
          />
        </label>
        {signIn.error === null ? null : (
          <p role="alert" className="rounded bg-bad-ground px-3 py-2 text-sm text-bad">
            {signIn.error.message}
          </p>
        )}
        <div>
          <Button type="submit" look="primary" disabled={signIn.isPending}>
            {signIn.isPending ? "Signing in …" : "Sign in"}
          </Button>
        </div>
      </form>
    </Page>
  );
}
