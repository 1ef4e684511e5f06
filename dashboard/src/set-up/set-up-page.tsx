import type { ReactNode } from "react";
import { Link } from "wouter";
import { useSetUp } from "../api/set-up.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Page } from "../ui/page.tsx";
import { Section } from "../ui/section.tsx";
import { Snippet } from "./snippet.tsx";
import { type Step, stepsOf } from "./steps.ts";

/** Somebody sits before it and waits for it to turn green. */
const EVERY_MS = 3_000;

/** What is there, what is missing, and what to do about it; turns green by itself. */
export function SetUpPage(): ReactNode {
  const query = useSetUp(EVERY_MS);
  return (
    <Page title="Set-up">
      <Section
        title="What Uptake needs"
        hint="Looked at every few seconds."
        query={query}
        isEmpty={() => false}
        empty={null}
        skeletonClass="h-96"
      >
        {(setUp) => <Steps steps={stepsOf(setUp)} />}
      </Section>
    </Page>
  );
}

const TONES: Record<Step["state"], Tone> = { done: "good", missing: "bad", optional: "warn" };
const WORDS: Record<Step["state"], string> = { done: "done", missing: "missing", optional: "optional" };

function Steps({ steps }: { readonly steps: readonly Step[] }): ReactNode {
  const missingCount = steps.filter(({ state }) => state === "missing").length;
  return (
    <>
      <p role="status" className="mb-4">
        {missingCount === 0 ? "Nothing is missing." : `${missingCount} of ${steps.length} still missing.`}
      </p>
      <ol className="grid grid-cols-1 gap-5">
        {steps.map(({ title, state, text, snippet, suggestionId }) => (
          <li key={title} className="grid grid-cols-1 gap-2">
            <h3 className="flex items-center gap-2 font-semibold">
              {title} <Badge tone={TONES[state]}>{WORDS[state]}</Badge>
            </h3>
            <p>
              {text}{" "}
              {suggestionId === undefined ? null : (
                <Link href={`/suggestions/${suggestionId}`} className="text-accent underline">
                  See it
                </Link>
              )}
            </p>
            {snippet === undefined ? null : <Snippet {...snippet} />}
          </li>
        ))}
      </ol>
    </>
  );
}
