import { draftReply, uptake } from "../../../lib/uptake.ts";

/** `POST /api/suggestion`: drafts a reply. Its suggestion is committed when the answer goes out. */
export async function POST(request: Request): Promise<Response> {
  const { ticketId, question } = (await request.json()) as { ticketId: string; question: string };
  const { suggestionId, text } = await draftReply({ ticketId, question });
  return Response.json({ suggestionId, text });
}

/** `PUT /api/suggestion`: a person has pressed a button under it. */
export async function PUT(request: Request): Promise<Response> {
  const { suggestionId, isGood } = (await request.json()) as { suggestionId: string; isGood: boolean };
  const said = isGood ? { type: "approval" as const } : { type: "rejection" as const, reason: "irrelevant" };
  return Response.json(await uptake.feedback({ suggestionId, ...said }));
}
