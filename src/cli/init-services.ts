/** How the tables of a database stand to this program; nothing was changed to find out. */
export type FoundTables = {
  /** `host`: an application's own tables, not adopted; `behind`: some migrations are missing. */
  readonly kind: "empty" | "host" | "behind" | "current" | "newer" | "edited";
  /** The newest migration that it has, and the newest that there is. */
  readonly version: number;
  readonly programVersion: number;
};

export type MigrationFile = {
  /** Empty where every migration is there already; then the text is empty as well. */
  readonly names: readonly string[];
  readonly sql: string;
};

/** What `uptake init` asks about the store; nothing here changes anything. */
export type InitServices = {
  /** Looks behind the database URL of the configuration; null where it has none. */
  lookAtTables(): Promise<FoundTables | null>;
  /** Our migrations as SQL for another tool, without those that its files hold already. */
  migrationFile(options: { readonly files: readonly string[]; readonly isPublicExposed: boolean }): MigrationFile;
  /** Names of tables that these files make as well as our migrations would, apart from what was made by {@link migrationFile}. */
  tablesInTheWay(files: readonly string[]): readonly string[];
};
