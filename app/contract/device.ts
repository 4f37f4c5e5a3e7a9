// The address of a sign-in by device code (RFC 8628) as a picture: which one, and whether any.
// Without zod, since pages and command line read it.
import type { DeviceCodeView } from './views.ts'

/** What a picture for a telephone holds, the code too where that fits; null: longer than such a picture can be read. */
export function picturedLink({ verificationUri, verificationUriComplete }: DeviceCodeView): string | null {
  return [verificationUriComplete, verificationUri].find((link) => link !== null && link.length <= 300) ?? null
}
