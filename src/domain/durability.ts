/**
 * When a tracked call returns: `commit` once Postgres has committed its record (or the spool has it, where Postgres is
 * away); `background` once the spool has it, and Postgres follows.
 */
export type Durability = (typeof DURABILITIES)[number];

export const DURABILITIES = ["commit", "background"] as const;
