import type { MirrorAnswer } from "../../../src/contract/mirror-answer.ts";
import { formatCount } from "../format/format.ts";

/** Traces that one rule of sampling has decided on. */
export type Ruled = {
  readonly fate: string;
  readonly rule: string;
  readonly traceCount: number;
  /** Null where nobody has counted it. */
  readonly feedbackCount: number | null;
};

/** What was kept and what left out, and by which rule. */
export const ruledOf = ({ kept, leftOut }: MirrorAnswer["sampling"]): readonly Ruled[] => [
  ...kept.map((rule) => ({ fate: "mirrored", feedbackCount: null, ...rule })),
  ...leftOut.map((rule) => ({ fate: "left out", ...rule })),
];

export const RULED_COLUMNS = [
  { head: "Traces", align: "left", cell: ({ fate }: Ruled) => fate, value: ({ fate }: Ruled) => fate },
  { head: "Rule", align: "left", cell: ({ rule }: Ruled) => rule, value: ({ rule }: Ruled) => rule },
  {
    head: "Count",
    cell: ({ traceCount }: Ruled) => formatCount(traceCount),
    value: ({ traceCount }: Ruled) => traceCount,
  },
  {
    head: "Feedback with them",
    cell: ({ feedbackCount }: Ruled) => (feedbackCount === null ? "" : formatCount(feedbackCount)),
    value: ({ feedbackCount }: Ruled) => feedbackCount,
  },
] as const;
