import { createContext, Script } from "node:vm";

/** A rule of the application's own: what a pattern finds is replaced, or a function makes the text anew. */
export type OwnRule =
  | { readonly name: string; readonly pattern: RegExp; readonly replacement?: string | undefined }
  | { readonly name: string; readonly mask: (text: string) => string };

/** Why a rule counts as failed. */
export type RuleFailure = { readonly rule: string; readonly reason: "time" | "threw" | "no text" };

export type OwnRules = {
  /** What `walk` makes with the rules in hand, or why it came to nothing. Never throws, and ends in time. */
  run<Result>(walk: (mask: (text: string) => string) => Result): Result | RuleFailure;
};

/** Named where no rule of the application is to blame: the text is too long for the built-in ones. */
export const BUILT_IN = "built-in";

/**
 * 5 ms a text, in two goes: a pause of the whole process (the garbage collector, a crowded machine) is not the rule's
 * fault and hits one of them, a bad rule both.
 */
export const RULE_TIMES_MS: readonly number[] = [2, 3];

/**
 * Runs the rules where V8 stops whatever goes on too long, a pattern that backtracks for ever as well as a function that
 * never returns (docs/decisions/0016).
 */
export function createOwnRules(rules: readonly OwnRule[], timesMs: readonly number[] = RULE_TIMES_MS): OwnRules {
  const globals: { task: () => void } = { task() {} };
  const context = createContext(globals);
  const script = new Script("task()");
  let current = BUILT_IN;

  function maskText(text: string): string {
    let masked = text;
    current = BUILT_IN;
    for (const rule of rules) {
      current = rule.name;
      const next: unknown = "mask" in rule ? rule.mask(masked) : replaceAll(masked, rule);
      if (typeof next !== "string") throw new NoText();
      masked = next;
    }
    current = BUILT_IN;
    return masked;
  }

  return {
    run(walk) {
      let reason: RuleFailure["reason"] = "time";
      for (const timeout of timesMs) {
        let result: { readonly value: ReturnType<typeof walk> } | undefined;
        globals.task = () => {
          result = { value: walk(maskText) };
        };
        try {
          script.runInContext(context, { timeout });
        } catch (error) {
          reason = reasonOf(error);
        } finally {
          globals.task = () => {};
        }
        if (result !== undefined) return result.value;
        if (reason !== "time") break;
      }
      return { rule: current, reason };
    },
  };
}

class NoText extends Error {}

const TIMED_OUT = "ERR_SCRIPT_EXECUTION_TIMEOUT";

type PatternRule = Extract<OwnRule, { readonly pattern: RegExp }>;

function replaceAll(text: string, { name, pattern, replacement = `[${name}]` }: PatternRule): string {
  // As text: `$` in it means nothing.
  return text.replaceAll(everywhere(pattern), () => replacement);
}

const global = new WeakMap<RegExp, RegExp>();

/** The pattern with the flag that finds all of them, and with a position of its own. */
function everywhere(pattern: RegExp): RegExp {
  const known = global.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(pattern.source, [...new Set(`${pattern.flags.replace("y", "")}g`)].join(""));
  global.set(pattern, made);
  return made;
}

function reasonOf(error: unknown): RuleFailure["reason"] {
  if (error instanceof NoText) return "no text";
  // An error of the other context, and so no `Error` of ours.
  const isTime = typeof error === "object" && error !== null && "code" in error && error.code === TIMED_OUT;
  return isTime ? "time" : "threw";
}
