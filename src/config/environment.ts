/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of this process. The only place that reads them; everything else is handed a configuration. */
export const processEnvironment = (): Environment => process.env;
