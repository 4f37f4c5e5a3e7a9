// One step of the vault's schema: the SQL that leads from the version before it.
// Types only; migrations.ts lists the steps and runs them.

/** `version` is the `user_version` the vault has afterwards. */
export type Migration = { version: number; sql: string }
