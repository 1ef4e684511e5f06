import { DESK_FUNCTIONS, parseAutoSend, parseFunctions, parsePrompts } from "../domain/desk-settings.ts";
import { DURABILITIES } from "../domain/durability.ts";
import { parseSpan, parseWindows } from "../domain/expiry.ts";
import { parseDailyLimit, parseKeep, parseSampleRates } from "../domain/parse-sampling.ts";
import { spanMs } from "../domain/span.ts";
import { MASK_RULES, parseContent, parseMaskRules } from "../domain/privacy.ts";
import type { OptionType } from "./options.ts";

/** A value that was read, or what was expected instead and what to do. */
export type Reading =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly expected: string; readonly remedy: string };

const ok = (value: string): Reading => ({ ok: true, value });
const bad = (expected: string, remedy: string): Reading => ({ ok: false, expected, remedy });

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001F\u007F]/u;

function readText(text: string): Reading {
  if (CONTROL.test(text)) return bad("text without control characters", "remove the line break or control character");
  return ok(text);
}

function readPort(text: string): Reading {
  if (/^\d{1,5}$/u.test(text) && Number(text) <= 65_535) return ok(String(Number(text)));
  return bad("a whole number from 0 to 65535", "choose a free port such as 4100, or 0 for any");
}

function readUrl(text: string): Reading {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return bad("an address with http:// or https://", "give it whole, for example https://langfuse.example.com");
  }
  if (url.username !== "" || url.password !== "") {
    return bad("an address without user name and password", "remove them and set the keys in their own variables");
  }
  if (url.search !== "" || url.hash !== "") return bad("an address without ? and #", "cut it before them");
  return ok(text.replace(/\/+$/u, ""));
}

function readDatabaseUrl(text: string): Reading {
  if (/^postgres(ql)?:\/\//u.test(text) && URL.canParse(text)) return ok(text);
  return bad(
    "postgres://user:password@host:5432/database",
    "write special characters of the password as %XX, or unset it for the embedded database",
  );
}

// What Langfuse accepts as an environment: https://langfuse.com/docs/observability/features/environments
const ENVIRONMENT = /^(?!langfuse)[a-z0-9_-]{1,40}$/u;

function readEnvironmentName(text: string): Reading {
  if (ENVIRONMENT.test(text)) return ok(text);
  return bad('at most 40 of a-z, 0-9, "-" and "_", not starting with "langfuse"', "choose a name such as production");
}

function readApiKey(text: string): Reading {
  if (/^pk-lf-[^:\s]+:sk-lf-[^:\s]+$/u.test(text)) return ok(text);
  return bad(
    "the public and the secret key as pk-lf-…:sk-lf-…",
    "join both keys with a colon, or set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY instead",
  );
}

function readUptakeKey(text: string): Reading {
  if (/^pk-up-[^:\s]+:sk-up-[^:\s]+$/u.test(text)) return ok(text);
  return bad(
    "the public and the secret key as pk-up-…:sk-up-…",
    "join both with a colon, as uptake keys create shows them",
  );
}

function readDurability(text: string): Reading {
  if (DURABILITIES.some((durability) => durability === text)) return ok(text);
  return bad(DURABILITIES.join(" or "), "give one of the two");
}

function readWindows(text: string): Reading {
  if (parseWindows(text) !== undefined) return ok(text);
  return bad(
    "how long, such as 7d, then any agent functions that differ, such as 7d,draft-reply=2d,classify=never",
    "write 30m, 12h, 7d, 2w or never",
  );
}

function readSpan(text: string): Reading {
  if (parseSpan(text) !== undefined) return ok(text);
  return bad("how long, such as 15m", "write 30m, 12h, 7d, 2w or never");
}

function readFunctions(text: string): Reading {
  if (parseFunctions(text) !== undefined) return ok(text);
  return bad(`one or several of ${DESK_FUNCTIONS.join(",")}`, "write their names with commas between");
}

function readThresholds(text: string): Reading {
  if (parseAutoSend(text) !== undefined) return ok(text);
  return bad(
    "generate-response= and a confidence above 0, at most 1, such as generate-response=0.9",
    "give that, or unset it so that nothing is sent without a person",
  );
}

function readPrompts(text: string): Reading {
  if (parsePrompts(text) !== undefined) return ok(text);
  return bad(
    "an agent function = langfuse:NAME@LABEL or langfuse:NAME@VERSION, such as classify-ticket=langfuse:classify@production",
    `the agent functions are ${DESK_FUNCTIONS.join(", ")}; those left out use their files`,
  );
}

function readCount(text: string): Reading {
  if (/^[1-9]\d{0,2}$/u.test(text)) return ok(text);
  return bad("a whole number from 1 to 999", "give one of these, such as 4");
}

const HOST_NAME = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?)(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/iu;
const IPV6 = /^[\da-f]*:[\da-f:.]+$/iu;

function readHost(text: string): Reading {
  if (HOST_NAME.test(text) || IPV6.test(text)) return ok(text);
  return bad("an address or a name without port, such as 127.0.0.1, 0.0.0.0 or ::1", "give the port with --port");
}

/** A comma-separated list in its one form, every part of which is as it should be. */
function readList(text: string, isGood: (part: string) => boolean, otherwise: Reading): Reading {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return parts.length > 0 && parts.every(isGood) ? ok(parts.join(",")) : otherwise;
}

function readHosts(text: string): Reading {
  return readList(
    text.toLowerCase(),
    (name) => HOST_NAME.test(name),
    bad("names without scheme and port, such as uptake.example.com,uptake.internal", "leave out https:// and the port"),
  );
}

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

function readOrigins(text: string): Reading {
  return readList(
    text,
    isOrigin,
    bad("origins such as https://desk.example.com,http://localhost:3000", "leave out the path, and * is none"),
  );
}

const MIN_SECRET_CHARS = 32;

function readSecrets(text: string): Reading {
  return readList(
    text,
    (secret) => secret.length >= MIN_SECRET_CHARS && /^[\x21-\x7e]+$/u.test(secret),
    bad(`${MIN_SECRET_CHARS} or more characters without spaces`, "make one, for example with: openssl rand -base64 32"),
  );
}

function readRate(text: string): Reading {
  if (/^\d{1,6}$/u.test(text)) return ok(String(Number(text)));
  return bad("a whole number of requests a second", "give a number such as 1000, or 0 for no limit");
}

function readMonths(text: string): Reading {
  if (/^[1-9]\d{0,2}$/u.test(text)) return ok(text);
  return bad("a whole number of months from 1 to 999", "write for example 13, or unset it to keep everything");
}

function readContent(text: string): Reading {
  if (parseContent(text) !== undefined) return ok(text);
  return bad(
    "full, masked or none, then any agent functions that differ, such as masked,classify-ticket=none",
    "write one of the three first, for all other agent functions",
  );
}

function readMaskRules(text: string): Reading {
  if (parseMaskRules(text) !== undefined) return ok(text);
  return bad(`all, or some of ${MASK_RULES.join(",")}`, "leave single ones out as in all,-phone");
}

function readSampleRates(text: string): Reading {
  if (parseSampleRates(text) !== undefined) return ok(text);
  return bad(
    "a share from 0 to 1, such as 0.05, or one by agent function, such as generate-response=0.2,*=0.05",
    "write 0.05 for one in twenty; * stands for all agent functions that are not named",
  );
}

function readKeepRules(text: string): Reading {
  if (parseKeep(text) !== undefined) return ok(text);
  return bad(
    "none, or some of revision,slow=10s,low-confidence=0.5,expensive=0.05",
    "leave out the rules that are not wanted; errors and rejections are always kept",
  );
}

function readWindow(text: string): Reading {
  if (spanMs(text) !== undefined) return ok(text);
  return bad("how long, such as 15m", "write 0m, 30m, 12h or 1d");
}

function readUnits(text: string): Reading {
  const limit = parseDailyLimit(text);
  if (limit !== undefined && Number.isInteger(limit.amount)) return ok(text);
  return bad("a whole number of units a day, such as 10000, or 10000,warn", "unset it for no limit");
}

function readUsd(text: string): Reading {
  if (parseDailyLimit(text) !== undefined) return ok(text);
  return bad("US dollars a day, such as 50 or 12.50, or 50,warn", "unset it for no limit");
}

const readers: Readonly<Record<OptionType, (text: string) => Reading>> = {
  text: readText,
  path: readText,
  port: readPort,
  url: readUrl,
  "database url": readDatabaseUrl,
  "environment name": readEnvironmentName,
  "api key": readApiKey,
  "uptake key": readUptakeKey,
  boolean: (text) => (text === "true" || text === "false" ? ok(text) : bad("true or false", "give one of the two")),
  durability: readDurability,
  windows: readWindows,
  span: readSpan,
  "agent functions": readFunctions,
  thresholds: readThresholds,
  prompts: readPrompts,
  count: readCount,
  host: readHost,
  hosts: readHosts,
  origins: readOrigins,
  secrets: readSecrets,
  rate: readRate,
  months: readMonths,
  content: readContent,
  "mask rules": readMaskRules,
  "sample rates": readSampleRates,
  "keep rules": readKeepRules,
  window: readWindow,
  "units a day": readUnits,
  "USD a day": readUsd,
};

/** Reads the text of an option of that type; the value comes back in its one canonical form. */
export const readValue = (type: OptionType, text: string): Reading => readers[type](text);
