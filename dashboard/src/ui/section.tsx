import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { Problem } from "../api/problem.ts";
import { Button } from "./button.tsx";

type LoadedProps<Data> = {
  readonly query: UseQueryResult<Data>;
  readonly isEmpty: (data: Data) => boolean;
  /** What stands there when there is nothing to show: why, and what to do about it. */
  readonly empty: ReactNode;
  /** How high the content will be, so that nothing jumps when it comes. */
  readonly skeletonClass?: string;
  readonly children: (data: Data) => ReactNode;
};

type SectionProps<Data> = LoadedProps<Data> & {
  readonly title: string;
  /** What the section shows, in a sentence; for whoever sees it for the first time. */
  readonly hint?: string;
  readonly actions?: ReactNode;
};

/** A part of a page, under its title. */
export function Section<Data>(props: SectionProps<Data>): ReactNode {
  const headingId = useId();
  return (
    <section aria-labelledby={headingId} className="rounded-lg border border-line bg-surface p-4">
      <header className="mb-3 flex flex-wrap items-start justify-between gap-2">
        <div>
          <h2 id={headingId} className="text-base font-semibold">
            {props.title}
          </h2>
          {props.hint === undefined ? null : <p className="text-sm text-soft">{props.hint}</p>}
        </div>
        {props.actions}
      </header>
      <Loaded {...props} />
    </section>
  );
}

/** What was asked for: skeleton while it loads, error with a way out, empty with a reason, or its content, old or not. */
export function Loaded<Data>({ query, isEmpty, empty, skeletonClass, children }: LoadedProps<Data>): ReactNode {
  if (query.data !== undefined) {
    return (
      <>
        {query.error === null ? null : <Stale error={query.error} />}
        {isEmpty(query.data) ? <div className="py-6 text-center text-soft">{empty}</div> : children(query.data)}
      </>
    );
  }
  if (query.error !== null) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton className={skeletonClass ?? "h-40"} />;
}

export function Skeleton({ className }: { readonly className: string }): ReactNode {
  return (
    <div role="status" className={`animate-pulse rounded bg-sunken ${className}`}>
      <span className="sr-only">Loading</span>
    </div>
  );
}

const messageOf = (error: Error): string => (error instanceof Problem ? error.message : "This part failed to load.");

function Failed({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }): ReactNode {
  return (
    <div role="alert" className="rounded bg-bad-ground p-3 text-bad">
      <p>{messageOf(error)}</p>
      <Button className="mt-2" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** What is shown is old: said, and shown on. */
function Stale({ error }: { readonly error: Error }): ReactNode {
  return (
    <p role="status" className="mb-2 rounded bg-warn-ground px-3 py-1 text-sm text-warn">
      Not up to date: {messageOf(error)}
    </p>
  );
}
