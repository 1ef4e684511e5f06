/** Names of properties whose value is a secret, in lower case and without `_`, `-` and spaces. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "pwd",
  "passphrase",
  "secret",
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "credentials",
  "privatekey",
]);
/** How longer names end: `openai_api_key`, `x-api-key`, `dbPassword`. Plain `token` is none: models speak of tokens. */
const SECRET_END =
  /(?:password|passphrase|secret|secretkey|apikey|accesskey|privatekey|accesstoken|refreshtoken|authtoken|sessiontoken|bearertoken|idtoken|apitoken)$/;

/** Seen in any text that has such a name, however it is written. */
export const SECRET_NAME_HINT =
  /pass(?:word|wd|phrase)|pwd|secret|authorization|cookie|credentials|(?:api|access|private)[-_ ]?key|(?:access|refresh|auth|session|bearer|id|api)[-_ ]?token/i;

/** Whether the value of a property of this name is a secret. */
export function isSecretName(name: string): boolean {
  if (name.length > 80 || !SECRET_NAME_HINT.test(name)) return false;
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, "");
  return SECRET_NAMES.has(plain) || SECRET_END.test(plain);
}
