import { withoutPassword, type Config } from "../config/config.ts";

/** Where the rows are, without a password. */
export const storePlace = (config: Config): { readonly kind: "embedded" | "postgres"; readonly place: string } =>
  config.databaseUrl === null
    ? { kind: "embedded", place: config.dataDir }
    : { kind: "postgres", place: withoutPassword(config.databaseUrl) };
