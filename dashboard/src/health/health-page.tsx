import type { ReactNode } from "react";
import { type DoctorAnswer, useDoctor } from "../api/doctor.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { type Column, DataTable } from "../ui/data-table.tsx";
import { Page } from "../ui/page.tsx";
import { Section } from "../ui/section.tsx";
import { plainText } from "./plain-text.ts";

type Finding = DoctorAnswer["findings"][number];

const TONES: Readonly<Record<Finding["level"], Tone>> = { fail: "bad", warn: "warn", ok: "good" };
const WORDS: Readonly<Record<Finding["level"], string>> = { fail: "fails", warn: "warning", ok: "ok" };

/** The levels, the worst first. */
const LEVELS = ["fail", "warn", "ok"] as const;

/** What `uptake doctor` says of the server behind this page. */
export function HealthPage(): ReactNode {
  const query = useDoctor();
  return (
    <Page title="Health">
      <Section
        title="Findings"
        hint="What uptake doctor says of this server: its configuration, machine, database and Langfuse."
        query={query}
        isEmpty={() => false}
        empty={null}
        skeletonClass="h-96"
        actions={
          <Button onClick={() => void query.refetch()} disabled={query.isFetching}>
            Look again
          </Button>
        }
      >
        {({ findings }) => <Findings findings={findings} />}
      </Section>
    </Page>
  );
}

const COLUMNS: readonly Column<Finding>[] = [
  {
    head: "Level",
    align: "left",
    cell: ({ level }) => <Badge tone={TONES[level]}>{WORDS[level]}</Badge>,
    value: ({ level }) => level,
  },
  {
    head: "Found",
    align: "left",
    cell: ({ found }) => <div className="min-w-64">{found}</div>,
    value: ({ found }) => found,
  },
  {
    head: "What to do",
    align: "left",
    cell: ({ remedy }) =>
      remedy === null ? (
        <span className="text-soft">nothing</span>
      ) : (
        <div className="min-w-48">{plainText(remedy)}</div>
      ),
    value: ({ remedy }) => remedy,
  },
  {
    head: "Code",
    align: "left",
    cell: ({ code }) => <code className="text-soft whitespace-nowrap">{code}</code>,
    value: ({ code }) => code,
  },
];

function Findings({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  const [fails, warnings, well] = LEVELS.map((level) => findings.filter((finding) => finding.level === level));
  const sorted = [...(fails ?? []), ...(warnings ?? []), ...(well ?? [])];
  return (
    <>
      <p role="status" className="mb-3">
        {summaryOf(fails?.length ?? 0, warnings?.length ?? 0)}
      </p>
      <DataTable name="Findings" columns={COLUMNS} rows={sorted} rowKey={({ code, found }) => `${code} ${found}`} />
    </>
  );
}

function summaryOf(failCount: number, warningCount: number): string {
  if (failCount + warningCount === 0) return "All is well.";
  const warnings = `${warningCount} ${warningCount === 1 ? "warning" : "warnings"}`;
  return failCount === 0 ? `It works, with ${warnings}.` : `${failCount} fail, ${warnings}.`;
}
