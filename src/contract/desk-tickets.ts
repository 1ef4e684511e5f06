import { z } from "zod";
import { OUTCOMES } from "../domain/outcome.ts";
import { SUGGESTION_STATUSES } from "../domain/suggestion.ts";
import { instant, share, uuid } from "./primitives.ts";

export const QUEUES = ["waiting", "answered", "all"] as const;

/** `GET /v1/desk/tickets`: all are texts, as a query string has them. */
export const deskQuery = z.strictObject({
  queue: z.enum(QUEUES).optional().meta({
    description: "`waiting` (when left out): the customer has had no answer; `answered`: the last message is ours.",
  }),
  search: z.string().max(200).optional().meta({ description: "What title, number, customer or a message holds." }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/u, "expected a whole number from 1 to 200")
    .optional()
    .meta({ description: "1 to 200; 50 when left out." }),
  cursor: z.string().max(200).optional().meta({ description: "`nextCursor` of the page before." }),
});

export const writtenBy = z.enum(["customer", "agent", "automatic"]).meta({
  description: "`automatic`: sent by an agent function, no person has seen it.",
});

/** How a ticket is classified. */
export const deskClassification = z
  .strictObject({
    suggestionId: uuid,
    state: z.enum(["suggested", "confirmed", "changed", "rejected"]).meta({
      description:
        "Who has said so: nobody yet, or a person. What is `rejected` is what was suggested; nobody knows better.",
    }),
    category: z.string(),
    priority: z.enum(["low", "medium", "high"]),
    sentiment: z.enum(["negative", "neutral", "positive"]),
    escalate: z.boolean(),
    confidence: share.nullable(),
    reasons: z.array(z.string()).meta({ description: "Of the agent function, a sentence each." }),
  })
  .meta({ id: "DeskClassification" });

export const ticketFields = {
  ticketId: uuid,
  number: z.int(),
  title: z.string(),
  status: z.enum(["new", "open", "pending", "resolved", "closed"]),
  priority: z.enum(["low", "medium", "high"]),
  createdAt: instant,
  customerName: z.string().nullable(),
  waitingSince: instant
    .nullable()
    .meta({ description: "The first message without an answer; null where nobody waits." }),
  classification: deskClassification.nullable(),
};

export const deskTicketSummary = z
  .strictObject({
    ...ticketFields,
    lastText: z.string().nullable().meta({ description: "The beginning of the last message." }),
    lastAt: instant.nullable(),
    lastFrom: writtenBy.nullable(),
    suggestion: z
      .strictObject({
        suggestionId: uuid,
        status: z.enum(SUGGESTION_STATUSES),
        outcome: z.enum(OUTCOMES),
        confidence: z.number().nullable(),
      })
      .nullable()
      .meta({ description: "The newest suggested reply." }),
  })
  .meta({ id: "DeskTicketSummary" });

/** Waiting: who waits longest first; else the newest message first. */
export const deskTicketPage = z
  .strictObject({
    tickets: z.array(deskTicketSummary),
    nextCursor: z.string().nullable().meta({ description: "For the next page; null where there is none." }),
  })
  .meta({ id: "DeskTicketPage" });

export type Queue = (typeof QUEUES)[number];
export type DeskClassification = z.infer<typeof deskClassification>;
export type DeskTicketSummary = z.infer<typeof deskTicketSummary>;
export type DeskTicketPage = z.infer<typeof deskTicketPage>;
