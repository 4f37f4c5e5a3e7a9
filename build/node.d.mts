// The types of node.mjs, which is plain JavaScript because it runs before anything is installed.
// Only what TypeScript callers use.
export function isNewEnough(version: string): boolean
