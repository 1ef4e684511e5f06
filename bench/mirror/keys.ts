/** What every worker of the bench sends, and the stand-in takes. */
export const BENCH_KEYS = { publicKey: "pk-lf-bench", secretKey: "sk-lf-bench" };
