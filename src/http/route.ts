import type { Context } from "hono";
import type { z } from "zod";
import type { Scope } from "../domain/api-key.ts";
import type { Caller } from "./caller.ts";

/** An answer as the document describes it: a schema of its JSON (which may be asked for as events too), or what it is where it is none. */
export type Answer =
  | { readonly description: string; readonly schema: z.ZodType; readonly isStreamedIfAsked?: boolean }
  | { readonly description: string; readonly contentType: string };

/** One request that is let in: who asks, and what for. */
export type Call = {
  readonly context: Context;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  /** As the route's `query` describes it; no name comes twice. */
  readonly query: Readonly<Record<string, string>>;
  /** JSON, not yet checked; undefined where there is none. */
  readonly body: unknown;
};

/**
 * One route: what the OpenAPI document says of it, who may ask, and what it does. What goes wrong is thrown and becomes a
 * problem body; the document lists those by itself.
 */
export type Route = {
  readonly method: "get" | "post" | "delete";
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** Any of these is enough, and `admin` always is; null: anybody. */
  readonly scopes: readonly Scope[] | null;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly isOptional?: boolean };
  readonly answers: Readonly<Record<number, Answer>>;
  /** Where an answer may take longer than that of other routes, which is left to whoever computes it. */
  readonly hasOwnTimeLimit?: boolean;
  /** Problems beside those that every such route has. */
  readonly problems?: readonly number[];
  handle(call: Call): Promise<Response> | Response;
};

/** What a value is once it is JSON: a Date is text there. */
type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

type Fits<Value, Schema extends z.ZodType> = Json<Value> extends z.infer<Schema> ? unknown : never;

/** Sends a value as JSON, and does not compile where that would not be what the schema says. */
export const answer = <Schema extends z.ZodType, Value>(
  { context }: Call,
  _schema: Schema,
  value: Value & Fits<Value, Schema>,
  status: 200 | 201 | 202 | 207 = 200,
): Response => context.json<object, typeof status>(value as object, status);
