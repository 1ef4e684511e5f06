import { asItIs } from "../../src/domain/privacy.ts";
import type { Hono } from "hono";
import { onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { type Admission, REQUEST_LIMITS, type RequestLimits } from "../../src/http/add-routes.ts";
import { type GuardSettings, LOOPBACK_ONLY } from "../../src/http/guard.ts";
import { createFeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { createApp } from "../../src/http/app.ts";
import { createPrometheus } from "../../src/http/prometheus.ts";
import { createLangfuseLook } from "../../src/server/look-at-langfuse.ts";
import { createHttpServices } from "../../src/server/http-services.ts";
import type { Sessions } from "../../src/service/sessions.ts";
import type { Database } from "../../src/store/database.ts";
import { createReading, READING, type Reading } from "../../src/store/reading.ts";
import { openAdmission } from "./fake-services.ts";

export type Answered = { readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> };

/** The real app over a real database, asked without a port. */
export type ApiRig = {
  readonly app: Hono;
  /** Done when the test is over, unless the rig is kept open. */
  close(): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
};

export type RigOptions = {
  readonly admission?: Admission;
  readonly secrets?: readonly string[];
  readonly guard?: GuardSettings;
  readonly limits?: RequestLimits;
  /** Kept open until the suite is over, and not only the test. */
  readonly untilEnd?: boolean;
  readonly sessions?: Sessions;
  readonly reading?: Reading;
};

export function openApi(
  db: Database,
  {
    admission = openAdmission,
    secrets = [],
    guard = LOOPBACK_ONLY,
    limits = REQUEST_LIMITS,
    untilEnd = false,
    sessions,
    reading = createReading(db, READING),
  }: RigOptions = {},
): ApiRig {
  const tokens = createFeedbackTokens({ secrets, lifetimeMs: 60_000, now: Date.now });
  const tracker = { flush: () => Promise.resolve() };
  const http = createHttpServices(
    { db, reading, tracker, privacy: asItIs },
    {
      prometheus: createPrometheus(),
      log: silentLogger,
      target: null,
      dailyUnitLimit: null,
      tokens,
      langfuse: createLangfuseLook({ langfuse: null }, Date.now),
      doctor: () => Promise.resolve({ ok: true, findings: [], tookMs: 0 }),
    },
  );
  const close = async (): Promise<void> => {
    await http.endLive();
    await http.close();
  };
  if (!untilEnd) onTestFinished(close);
  const app = createApp({
    services: http.services,
    admission,
    guard,
    limits,
    log: silentLogger,
    now: Date.now,
    ...(sessions === undefined ? {} : { sessions }),
  });

  async function ask(path: string, init: RequestInit): Promise<Answered> {
    const response = await app.request(path, init);
    const text = await response.text();
    const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, headers: response.headers, json };
  }

  return {
    app,
    close,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}
