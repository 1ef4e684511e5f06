import type { LangfuseClient } from "@langfuse/client";

const OBSERVATION_FIELDS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context";
const MOST_PAGES = 1000;

type Page<Row> = { readonly data: readonly Row[]; readonly meta: { readonly cursor?: string | undefined } };

async function allPages<Row>(read: (cursor: { cursor?: string }) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data, meta } = await read(cursor === undefined ? {} : { cursor });
    rows.push(...data);
    cursor = meta.cursor;
    if (cursor === undefined) return rows;
  }
  throw new Error(`more than ${MOST_PAGES} pages`);
}

/** Every observation that the official client finds, of one trace or of all. */
export const readObservations = ({ api }: LangfuseClient, traceId?: string) =>
  allPages((cursor) =>
    api.observations.getMany({ fields: OBSERVATION_FIELDS, limit: 40, ...cursor, ...(traceId && { traceId }) }),
  );

/** Every score that the official client finds, of one trace or of all. */
export const readScores = ({ api }: LangfuseClient, traceId?: string) =>
  allPages((cursor) =>
    api.scoresV3.getManyV3({ fields: "details,subject", limit: 40, ...cursor, ...(traceId && { traceId }) }),
  );
