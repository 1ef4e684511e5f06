import type { KeyServices } from "../cli/key-services.ts";
import { createApiKey, endApiKey, rotateApiKey } from "../service/manage-api-keys.ts";
import { listApiKeys } from "../store/queries/list-api-keys.ts";
import type { Parts } from "./assemble.ts";

/** What the `uptake keys` commands do, over parts that run no worker. */
export const createKeyServices = (partsOf: () => Parts): KeyServices => ({
  create: (wish) => createApiKey(partsOf().db, wish),
  list: () => listApiKeys(partsOf().db),
  revoke: (publicKey) => endApiKey(partsOf().db, publicKey),
  rotate: (publicKey, graceMs) => rotateApiKey(partsOf().db, publicKey, graceMs),
});
