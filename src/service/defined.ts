type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** For what was read from JSON, which has no `undefined`: a schema's type cannot say so. */
export const defined = <T extends object>(value: T): Defined<T> => value as Defined<T>;
