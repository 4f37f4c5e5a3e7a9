// Why a test is not run here, said aloud: a silent skip looks like a pass.
// For `skipIf`, whose condition it hands back.

/** True where the test is to be skipped; then `reason` is printed. */
export function isSkipped(condition: boolean, reason: string): boolean {
  if (condition) console.log(`skipped: ${reason}`)
  return condition
}
