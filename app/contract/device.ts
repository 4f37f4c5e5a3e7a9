// Chooses the address that the QR code of a device-code sign-in (RFC 8628) shows, if one is short enough to be scanned.
// Free of zod, because the pages and the command line load it.
import type { DeviceCodeView } from './views.ts'

/** The address for the QR code, with the user code in it if that fits; null: too long to be scanned. */
export function picturedLink({ verificationUri, verificationUriComplete }: DeviceCodeView): string | null {
  return [verificationUriComplete, verificationUri].find((link) => link !== null && link.length <= 300) ?? null
}
