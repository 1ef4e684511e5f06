import { ATTRIBUTE } from "../otlp-attributes.ts";
import type { OtlpAttribute, OtlpSpan } from "../otlp-types.ts";
import { attribute } from "../otlp-value.ts";
import { freeName } from "./metadata-keys.ts";
import { applyRules, type Note, type Rule, type RuleFacts } from "./rule.ts";
import { cutToBytes, fieldLimit, MAX_FIELD_BYTES, MAX_TRACE_BYTES, mostBytesOf } from "./size.ts";

/** Where an observation shows what was done to it. */
export const ADJUSTED_KEY = `${ATTRIBUTE.metadata}.uptakeAdjusted`;

const OWN = `${ATTRIBUTE.metadata}.`;
const OF_TRACE = `${ATTRIBUTE.traceMetadata}.`;

/** A span and what the rules before these have done to it. */
export type DraftSpan = { readonly span: OtlpSpan; readonly adjusted: readonly RuleFacts[] };

/** Applies the rules that look at whole spans, and says on each span what was lost on it. */
export function finishSpans(drafts: readonly DraftSpan[], note: Note): OtlpSpan[] {
  const rules = spanRules(limitOf(drafts));
  return drafts.flatMap(({ span, adjusted }) => {
    const lost = adjusted.filter(({ loses }) => loses);
    const checked = applyRules(span, rules, (rule) => {
      note(rule);
      lost.push(rule);
    });
    if (checked === undefined || lost.length === 0) return checked ?? [];
    const names = [...new Set(lost.map(({ name }) => name))];
    return { ...checked, attributes: [...checked.attributes, attribute(ADJUSTED_KEY, names.join(", "))] };
  });
}

const spanRules = (maxFieldBytes: number): readonly Rule<OtlpSpan>[] => [
  { name: "metadata-clash", loses: true, apply: withoutClash },
  { name: "size", loses: true, apply: (span) => fitted(span, maxFieldBytes) },
];

/** Langfuse 4 keeps one map for both, and what is said of the trace wins; so the observation's own gets another name. */
function withoutClash(span: OtlpSpan): OtlpSpan {
  if (!span.attributes.some(({ key }) => key.startsWith(OWN))) return span;
  const ofTrace = new Map(span.attributes.filter(({ key }) => key.startsWith(OF_TRACE)).map((a) => [a.key, a]));
  const isClash = ({ key, value }: OtlpAttribute): boolean => {
    if (!key.startsWith(OWN)) return false;
    const other = ofTrace.get(OF_TRACE + key.slice(OWN.length));
    return other !== undefined && JSON.stringify(other.value) !== JSON.stringify(value);
  };
  if (!span.attributes.some(isClash)) return span;
  const taken = new Set([...span.attributes.map(({ key }) => key), ...[...ofTrace.keys()].map(ownKey)]);
  return {
    ...span,
    attributes: span.attributes.map((a) => (isClash(a) ? { ...a, key: freeName(`${a.key}_`, taken) } : a)),
  };
}

const ownKey = (traceKey: string): string => OWN + traceKey.slice(OF_TRACE.length);

const CONTENT = new Set<string>([ATTRIBUTE.input, ATTRIBUTE.output, ATTRIBUTE.statusMessage]);

/** Only what stays readable when it is cut. */
const isContent = (key: string): boolean => CONTENT.has(key) || key.startsWith(OWN);

/** Nearly every trace is known to fit by the number of its characters alone; bytes are only counted where that is not enough. */
function limitOf(drafts: readonly DraftSpan[]): number {
  const quick = limitBy(drafts, mostBytesOf);
  return quick === MAX_FIELD_BYTES ? quick : limitBy(drafts, (text) => Buffer.byteLength(text));
}

function limitBy(drafts: readonly DraftSpan[], bytesOf: (text: string) => number): number {
  const fields: number[] = [];
  let otherBytes = 0;
  for (const { span } of drafts) {
    for (const { key, value } of span.attributes) {
      const bytes = "stringValue" in value ? bytesOf(value.stringValue) : 0;
      if (isContent(key)) fields.push(bytes);
      else otherBytes += bytes;
    }
  }
  return fieldLimit(fields, MAX_TRACE_BYTES - otherBytes);
}

function fitted(span: OtlpSpan, maxBytes: number): OtlpSpan {
  const mayBeLong = ({ value }: OtlpAttribute): boolean =>
    "stringValue" in value && mostBytesOf(value.stringValue) > maxBytes;
  if (!span.attributes.some(mayBeLong)) return span;
  let isSame = true;
  const attributes = span.attributes.map((a) => {
    if (!("stringValue" in a.value) || !isContent(a.key)) return a;
    const stringValue = cutToBytes(a.value.stringValue, maxBytes);
    if (stringValue === a.value.stringValue) return a;
    isSame = false;
    return { ...a, value: { stringValue } };
  });
  return isSame ? span : { ...span, attributes };
}
