import type { ReactNode } from "react";
import { type MirrorAnswer, useMirror, useRetryDead } from "../api/mirror.ts";
import { formatCount, formatDuration, formatMoment } from "../format/format.ts";
import { useSetUp } from "../api/set-up.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Facts } from "../ui/facts.tsx";
import { Page } from "../ui/page.tsx";
import { Section } from "../ui/section.tsx";
import { useFilters } from "../url/filters.ts";
import { RULED_COLUMNS, ruledOf } from "./ruled.ts";
import { VerificationSection } from "./verification-section.tsx";
import { WorkersSection } from "./workers-section.tsx";

type Dead = MirrorAnswer["dead"][number];

/** How the copy in Langfuse stands. */
export function MirrorPage(): ReactNode {
  const query = useMirror();
  const [{ zone }] = useFilters();
  return (
    <Page title="Mirror">
      <Section
        title="Into Langfuse"
        hint="Postgres is the truth; the mirror copies it, and can be rebuilt from it."
        query={query}
        isEmpty={() => false}
        empty={null}
      >
        {(mirror) => <Standing mirror={mirror} />}
      </Section>
      <Section
        title="Sampling"
        hint="What of it goes to Langfuse, by the first rule that decides. Metrics count everything, whatever is left out."
        query={query}
        isEmpty={({ sampling: { kept, leftOut, dailyUnitLimit } }) =>
          kept.length + leftOut.length === 0 && dailyUnitLimit === null
        }
        empty="Everything is mirrored: neither a rate nor a budget has decided anything."
      >
        {(mirror) => <Sampled mirror={mirror} />}
      </Section>
      <Reach />
      <VerificationSection query={query} zone={zone} />
      <WorkersSection query={query} zone={zone} />
      <Section
        title="Dead letters"
        hint="What Langfuse refused for good, by reason."
        query={query}
        isEmpty={({ dead }) => dead.length === 0}
        empty="None: nothing was refused."
        actions={<RetryButton isIdle={(query.data?.deadCount ?? 0) === 0} />}
      >
        {({ dead }) => (
          <DataTable
            name="Dead letters"
            columns={columnsIn(zone)}
            rows={dead}
            rowKey={({ kind, reason }) => `${kind} ${reason}`}
          />
        )}
      </Section>
    </Page>
  );
}

const columnsIn = (zone: string): readonly Column<Dead>[] => [
  { head: "Kind", align: "left", cell: ({ kind }) => kind, value: ({ kind }) => kind },
  { head: "Reason", align: "left", cell: ({ reason }) => reason, value: ({ reason }) => reason },
  { head: "Count", cell: ({ count }) => formatCount(count), value: ({ count }) => count },
  { head: "Newest", cell: ({ newestAt }) => formatMoment(newestAt, zone), value: ({ newestAt }) => newestAt },
];

/** Langfuse is asked every so often: it costs it two requests. */
const LOOK_EVERY_MS = 30_000;

const REACH_WORDS = {
  not_set: ["no keys are set", "plain"],
  reached: ["answers and takes the keys", "good"],
  refused: ["answers and does not take the keys", "bad"],
  away: ["does not answer", "bad"],
} as const;

/** Whether Langfuse is there. */
function Reach(): ReactNode {
  const query = useSetUp(LOOK_EVERY_MS);
  return (
    <Section
      title="Langfuse"
      hint="Asked every half minute while this page is open."
      query={query}
      isEmpty={() => false}
      empty={null}
    >
      {({ langfuse: { state, target, version, project, dialect, message } }) => (
        <>
          <p className="mb-3">
            {target ?? "Langfuse"} <Badge tone={REACH_WORDS[state][1]}>{REACH_WORDS[state][0]}</Badge>
          </p>
          {message === null ? null : <p className="mb-3 text-sm text-bad">{message}</p>}
          <Facts
            facts={[
              ["Version", version],
              ["Project", project],
              ["Read as", dialect],
            ]}
          />
        </>
      )}
    </Section>
  );
}

/** What was kept and what left out, and by which rule. */
function Sampled({ mirror }: { readonly mirror: MirrorAnswer }): ReactNode {
  const { unitsToday, dailyUnitLimit } = mirror.sampling;
  const limit = dailyUnitLimit === null ? "no limit" : `of ${formatCount(dailyUnitLimit)}`;
  return (
    <>
      <Facts
        facts={[
          ["Held for feedback or the next day", formatCount(mirror.heldCount)],
          ["Units today (UTC)", unitsToday === null ? limit : `${formatCount(unitsToday)} ${limit}`],
        ]}
      />
      <DataTable
        name="Sampling by rule"
        columns={RULED_COLUMNS}
        rows={ruledOf(mirror.sampling)}
        rowKey={({ fate, rule }) => `${fate} ${rule}`}
      />
    </>
  );
}

function RetryButton({ isIdle }: { readonly isIdle: boolean }): ReactNode {
  const retry = useRetryDead();
  return (
    <div className="text-right">
      <Button onClick={() => retry.mutate()} disabled={isIdle || retry.isPending}>
        Send again
      </Button>
      {retry.data === undefined ? null : (
        <p role="status" className="text-sm text-soft">
          {formatCount(retry.data.requeuedCount)} wait to be sent again.
        </p>
      )}
      {retry.error === null ? null : (
        <p role="alert" className="text-sm text-bad">
          {retry.error.message}
        </p>
      )}
    </div>
  );
}

function Standing({ mirror }: { readonly mirror: MirrorAnswer }): ReactNode {
  const oldest = mirror.oldestWaitingSeconds === null ? null : mirror.oldestWaitingSeconds * 1000;
  return (
    <>
      <p className="mb-3">
        {mirror.target === null
          ? "No Langfuse is set: what is to be mirrored waits in the outbox. Set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY."
          : `Into ${mirror.target}`}
      </p>
      <Facts
        facts={[
          ["Waiting", formatCount(mirror.waitingCount)],
          ["Oldest waits for", formatDuration(oldest)],
          ["Delivered in the last minute", formatCount(mirror.deliveredLastMinuteCount)],
          ["Traces delivered", formatCount(mirror.deliveredTraceCount)],
          ["Scores delivered", formatCount(mirror.deliveredScoreCount)],
          ["Feedback delivered", formatCount(mirror.deliveredFeedbackCount)],
          ["Dead letters", formatCount(mirror.deadCount)],
        ]}
      />
    </>
  );
}
