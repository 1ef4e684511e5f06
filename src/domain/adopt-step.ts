/** SQL of an adoption, run one statement after the other; what `isAlone` cannot be part of a transaction. */
export type AdoptStep = { readonly name: string; readonly isAlone: boolean; readonly statements: readonly string[] };
