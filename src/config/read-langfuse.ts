import type { ConfigProblem, FoundValues, LangfuseKeys } from "./config.ts";

type Problem = Pick<ConfigProblem, "option" | "place" | "problem" | "expected" | "remedy">;

/** Half of a pair would only be found out at the first delivery, so it is refused at the start. */
function missingHalf(values: FoundValues): Problem | undefined {
  const publicKey = values.get("langfusePublicKey");
  const secretKey = values.get("langfuseSecretKey");
  if ((publicKey === undefined) === (secretKey === undefined)) return undefined;
  const publicMissing = publicKey === undefined;
  const place = publicMissing ? "LANGFUSE_PUBLIC_KEY" : "LANGFUSE_SECRET_KEY";
  const given = publicMissing ? secretKey?.place : publicKey.place;
  return {
    option: publicMissing ? "langfusePublicKey" : "langfuseSecretKey",
    place,
    problem: `the ${publicMissing ? "public" : "secret"} key is missing although ${given} is set`,
    expected: "both keys or neither",
    remedy: `set ${place}, or unset ${given} to mirror nothing`,
  };
}

function swapped(values: FoundValues): Problem | undefined {
  const publicKey = values.get("langfusePublicKey");
  if (!publicKey?.text.startsWith("sk-lf-")) return undefined;
  return {
    option: "langfusePublicKey",
    place: publicKey.place ?? "langfusePublicKey",
    problem: "holds a secret key",
    expected: "the public key, which starts with pk-lf-",
    remedy: "swap LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY",
  };
}

/** The joined form beside a pair, or half of one, that says something else. */
function contradiction(values: FoundValues, publicKey: string, secretKey: string): Problem | undefined {
  const expected = { langfusePublicKey: publicKey, langfuseSecretKey: secretKey } as const;
  for (const option of ["langfusePublicKey", "langfuseSecretKey"] as const) {
    const found = values.get(option);
    if (found === undefined || found.text === expected[option]) continue;
    const place = values.get("langfuseApiKey")?.place ?? "langfuseApiKey";
    return {
      option: "langfuseApiKey",
      place,
      problem: `differs from ${found.place}`,
      expected: "the same keys in both, or one of them unset",
      remedy: `unset ${place} or ${found.place}`,
    };
  }
  return undefined;
}

/** The keys of the Langfuse to mirror into, from the pair or from the joined form; `null` when none are set. */
export function readLangfuse(values: FoundValues, problems: ConfigProblem[]): LangfuseKeys | null {
  // A key that is itself wrong has been reported; what seems to follow from it would only confuse.
  if (problems.some(({ option }) => /^langfuse.*Key$/u.test(option))) return null;
  const inCode = ["langfusePublicKey", "langfuseSecretKey"] as const;
  const pairInCode = inCode.every((option) => values.get(option)?.place === option);
  // Keys given by a program win over every variable, the joined one too.
  const [joinedPublic, joinedSecret] = (pairInCode ? undefined : values.get("langfuseApiKey")?.text.split(":")) ?? [];
  const joined = joinedPublic !== undefined && joinedSecret !== undefined;
  const problem = swapped(values) ?? (joined ? contradiction(values, joinedPublic, joinedSecret) : missingHalf(values));
  if (problem !== undefined) problems.push({ ...problem, value: null });
  const publicKey = joinedPublic ?? values.get("langfusePublicKey")?.text;
  const secretKey = joinedSecret ?? values.get("langfuseSecretKey")?.text;
  const baseUrl = values.get("langfuseBaseUrl")?.text;
  if (publicKey === undefined || secretKey === undefined || baseUrl === undefined) return null;
  return { publicKey, secretKey, baseUrl };
}
