import { MASK_RULES } from "../../src/domain/privacy.ts";
import { describe, expect, it } from "vitest";
import { withoutPassword, type ConfigProblem } from "../../src/config/config.ts";
import type { Environment } from "../../src/config/environment.ts";
import { readConfig, type ConfigSources } from "../../src/config/read-config.ts";
import { UptakeError } from "../../src/domain/errors.ts";

const PUBLIC = "pk-lf-public-half";
const SECRET = "sk-lf-secret-half";

const fromEnvironment = (environment: Environment) => readConfig({ environment });

function errorOf(sources: ConfigSources): UptakeError {
  try {
    readConfig(sources);
  } catch (error) {
    if (error instanceof UptakeError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

const problemsOf = (sources: ConfigSources): readonly ConfigProblem[] =>
  errorOf(sources).facts["problems"] as readonly ConfigProblem[];

describe("readConfig", () => {
  it("gives the defaults when nothing is set", () => {
    expect(fromEnvironment({})).toEqual({
      databaseUrl: null,
      dataDir: ".uptake/data",
      server: null,
      durability: "commit",
      spoolDir: ".uptake/spool",
      projectId: "default",
      environment: "default",
      release: null,
      expiry: { expireAfterMs: 7 * 86_400_000, byFunction: new Map(), abandonAfterMs: 900_000 },
      retainMonths: null,
      retention: { contentMs: null, tracesMs: null, rowsMs: null },
      sampling: null,
      modelLimit: null,
      privacy: { content: { general: "full", byFunction: new Map() }, builtIn: MASK_RULES },
      langfuse: null,
      openai: null,
      prices: null,
      desk: { autoSend: new Map(), prompts: new Map(), runPending: [], runConcurrency: 4, runTimeoutMs: 60_000 },
      host: "127.0.0.1",
      allowedHosts: [],
      corsOrigins: [],
      feedbackTokens: { secrets: [], lifetimeMs: 7 * 86_400_000 },
      rateLimit: 1000,
      port: null,
      debug: false,
    });
  });

  it("lets code win over flags, flags over variables, variables over defaults", () => {
    const environment = { UPTAKE_PORT: "1", UPTAKE_DATA_DIR: "from-variable" };
    expect(readConfig({ environment }).port).toBe(1);
    expect(readConfig({ flags: { port: "2" }, environment }).port).toBe(2);
    const config = readConfig({ code: { port: 3 }, flags: { port: "2", debug: true }, environment });
    expect(config).toMatchObject({ port: 3, debug: true, dataDir: "from-variable" });
  });

  it("counts an empty or blank value as unset", () => {
    const environment = { UPTAKE_PORT: "", DATABASE_URL: "  ", LANGFUSE_PUBLIC_KEY: "", OPENAI_API_KEY: "" };
    expect(readConfig({ flags: { dataDir: "" }, environment })).toEqual(fromEnvironment({}));
  });

  it("reports all wrong values together, each with place, value, expectation and remedy", () => {
    const environment = {
      UPTAKE_PORT: "70000",
      LANGFUSE_BASE_URL: "langfuse.example.com",
      LANGFUSE_TRACING_ENVIRONMENT: "langfuse-prod",
      LANGFUSE_SECRET_KEY: SECRET,
    };
    const error = errorOf({ flags: { port: "abc" }, environment });
    expect(error.code).toBe("invalid_configuration");
    expect(error.message.split("\n")).toHaveLength(4);
    const problems = error.facts["problems"] as readonly ConfigProblem[];
    expect(problems.map(({ place, value }) => [place, value])).toEqual([
      ["LANGFUSE_BASE_URL", "langfuse.example.com"],
      ["LANGFUSE_TRACING_ENVIRONMENT", "langfuse-prod"],
      ["--port", "abc"],
      ["LANGFUSE_PUBLIC_KEY", null],
    ]);
    expect(error.message).toContain('--port: got "abc"; expected a whole number from 0 to 65535; choose a free port');
  });

  const wrong: readonly (readonly [variable: string, value: string])[] = [
    ["UPTAKE_PORT", "-1"],
    ["UPTAKE_PORT", "4100.5"],
    ["UPTAKE_PORT", "0x10"],
    ["LANGFUSE_BASE_URL", "ftp://langfuse.example.com"],
    ["LANGFUSE_BASE_URL", "https://user:word@langfuse.example.com"],
    ["OPENAI_BASE_URL", "http://127.0.0.1:8000/v1?key=1"],
    ["LANGFUSE_TRACING_ENVIRONMENT", "Production"],
    ["LANGFUSE_TRACING_ENVIRONMENT", "a".repeat(41)],
    ["DATABASE_URL", "mysql://db/app"],
    ["DATABASE_URL", "postgres://host:port/app"],
    ["UPTAKE_PROJECT", "two\nlines"],
    ["LANGFUSE_API_KEY", PUBLIC],
    ["LANGFUSE_API_KEY", `${SECRET}:${PUBLIC}`],
    ["LANGFUSE_API_KEY", `${PUBLIC}:`],
    ["UPTAKE_MODEL", "gpt-4.1"],
  ];
  it.each(wrong)("refuses %s=%j and names the variable", (variable, value) => {
    const problems = problemsOf({ environment: { [variable]: value } });
    expect(problems.map(({ place }) => place)).toEqual([variable]);
  });

  const right: readonly (readonly [variable: string, value: string])[] = [
    ["DATABASE_URL", "postgres://app:p%40ss@db.example.com:5432/app?sslmode=require"],
    ["DATABASE_URL", "postgresql:///app?host=/run/postgresql"],
    ["LANGFUSE_TRACING_ENVIRONMENT", "eu_west-1"],
    ["UPTAKE_PORT", "0"],
    ["UPTAKE_DATA_DIR", "/var/lib/my data"],
  ];
  it.each(right)("takes %s=%j", (variable, value) => {
    expect(Object.values(fromEnvironment({ [variable]: value })).map(String)).toContain(value);
  });
});

describe("the Langfuse keys", () => {
  it("come as a pair, with Langfuse Cloud as default", () => {
    expect(fromEnvironment({ LANGFUSE_PUBLIC_KEY: PUBLIC, LANGFUSE_SECRET_KEY: ` ${SECRET}\n` }).langfuse).toEqual({
      publicKey: PUBLIC,
      secretKey: SECRET,
      baseUrl: "https://cloud.langfuse.com",
    });
  });

  it("come joined in one variable, with a base URL under either spelling and without its last slash", () => {
    const joined = { LANGFUSE_API_KEY: `${PUBLIC}:${SECRET}`, LANGFUSE_BASEURL: "http://127.0.0.1:3000/" };
    const expected = { publicKey: PUBLIC, secretKey: SECRET, baseUrl: "http://127.0.0.1:3000" };
    expect(fromEnvironment(joined).langfuse).toEqual(expected);
    const both = { ...joined, LANGFUSE_BASE_URL: "http://127.0.0.1:4000" };
    expect(fromEnvironment(both).langfuse?.baseUrl).toBe("http://127.0.0.1:4000");
  });

  it("are an error when the secret half is missing, which names it", () => {
    const error = errorOf({ environment: { LANGFUSE_PUBLIC_KEY: PUBLIC, LANGFUSE_SECRET_KEY: "" } });
    expect(error.message).toMatch(
      /^LANGFUSE_SECRET_KEY: the secret key is missing although LANGFUSE_PUBLIC_KEY is set/u,
    );
  });

  it("are an error when the public half is missing, which names it", () => {
    const error = errorOf({ environment: { LANGFUSE_SECRET_KEY: SECRET } });
    expect(error.message).toMatch(
      /^LANGFUSE_PUBLIC_KEY: the public key is missing although LANGFUSE_SECRET_KEY is set/u,
    );
  });

  it("may be given in both forms when these agree, and are an error when they differ", () => {
    const joined = { LANGFUSE_API_KEY: `${PUBLIC}:${SECRET}` };
    expect(fromEnvironment({ ...joined, LANGFUSE_PUBLIC_KEY: PUBLIC }).langfuse?.secretKey).toBe(SECRET);
    const differing = { ...joined, LANGFUSE_PUBLIC_KEY: PUBLIC, LANGFUSE_SECRET_KEY: "sk-lf-another" };
    expect(errorOf({ environment: differing }).message).toContain("LANGFUSE_API_KEY: differs from LANGFUSE_SECRET_KEY");
  });

  it("are found out when swapped", () => {
    const environment = { LANGFUSE_PUBLIC_KEY: SECRET, LANGFUSE_SECRET_KEY: PUBLIC };
    expect(errorOf({ environment }).message).toContain("LANGFUSE_PUBLIC_KEY: holds a secret key");
  });

  it("given in code win over a joined key of the environment", () => {
    const code = { langfusePublicKey: "pk-lf-code", langfuseSecretKey: "sk-lf-code" };
    const config = readConfig({ code, environment: { LANGFUSE_API_KEY: `${PUBLIC}:${SECRET}` } });
    expect(config.langfuse).toMatchObject({ publicKey: "pk-lf-code", secretKey: "sk-lf-code" });
  });
});

describe("the model", () => {
  it("is the offline one with neither key nor base URL", () => {
    expect(fromEnvironment({}).openai).toBeNull();
  });

  it("needs no key where a base URL is set, and has a default name", () => {
    expect(fromEnvironment({ OPENAI_BASE_URL: "http://127.0.0.1:8000/v1" }).openai).toEqual({
      apiKey: "not-needed",
      baseUrl: "http://127.0.0.1:8000/v1",
      model: "gpt-4.1-mini",
    });
    expect(fromEnvironment({ OPENAI_API_KEY: "sk-1", UPTAKE_MODEL: "gpt-5" }).openai).toEqual({
      apiKey: "sk-1",
      baseUrl: null,
      model: "gpt-5",
    });
  });
});

describe("secrets", () => {
  const secret = "hunter2-very-secret";
  const cases: readonly Environment[] = [
    { DATABASE_URL: `mysql://user:${secret}@db/app` },
    { LANGFUSE_API_KEY: secret },
    { LANGFUSE_PUBLIC_KEY: secret },
    { LANGFUSE_SECRET_KEY: secret },
    { LANGFUSE_PUBLIC_KEY: `sk-lf-${secret}`, LANGFUSE_SECRET_KEY: secret },
    { LANGFUSE_API_KEY: `pk-lf-a:sk-lf-${secret}`, LANGFUSE_SECRET_KEY: `${secret}-2` },
    { LANGFUSE_BASE_URL: `https://user:${secret}@langfuse.example.com` },
    { OPENAI_API_KEY: `${secret}\u0000` },
  ];
  it.each(cases)("are in no message and no fact: case %#", (environment) => {
    const error = errorOf({ environment });
    expect(error.message).not.toContain(secret);
    expect(JSON.stringify(error.facts)).not.toContain(secret);
  });

  it("are left out of a database URL that is printed", () => {
    const url = `postgres://app:${secret}@db.example.com:5433/app?password=${secret}`;
    expect(withoutPassword(url)).toBe("postgres://app@db.example.com:5433/app");
  });
});
