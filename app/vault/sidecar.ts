// The sidecar: a small file beside the vault that says where its key comes from and which key it is, but not the key itself.
// It tells a wrong key from a damaged vault, and an emptied vault from one that has yet to be created.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { readRegularFileSync } from '../base/regularFile.ts'
import { expose, type Secret } from '../base/secret.ts'
import { createFile, writeWholeFile } from '../base/wholeFile.ts'
import { TokentrayError } from '../contract/errors.ts'

const format = 1
/** Of 128 bytes (RFC 7914: memory is 128·N·r, time grows with p too), so at most 256 MB. Twice what new vaults take. */
const maxScryptBlocks = 2 ** 21
const shape = z.object({
  format: z.literal(format),
  keySource: z.enum(['keychain', 'passphrase']),
  /** The keychain item's account; kept so that vault and sidecar may be moved together. */
  account: z.string().min(1).nullable(),
  /** scrypt (RFC 7914), where the key comes from a passphrase; `salt` in hex. */
  scrypt: z
    .object({
      salt: z.string().regex(/^[0-9a-f]{32,}$/),
      // Bounded: a tampered file must neither weaken the derivation nor eat the memory.
      N: z
        .number()
        .int()
        .min(2 ** 14),
      r: z.number().int().min(8),
      p: z.number().int().min(1)
    })
    .refine(({ N, r, p }) => N * r * p <= maxScryptBlocks)
    .nullable(),
  fingerprint: z.string(),
  /** False from the first start's beginning until the vault has its tables: then an absent or empty vault is no loss. */
  complete: z.boolean()
})

export type Sidecar = z.infer<typeof shape>

export const sidecarPath = (vault: string): string => `${vault}.json`

/**
 * Keyed by the vault's key itself, so it tells nothing about a random one; guesses at a passphrase cost a whole scrypt
 * each, as they would against the vault's own pages.
 */
export function keyFingerprint(key: Secret): string {
  return createHmac('sha256', Buffer.from(expose(key), 'hex'))
    .update('tokentray vault key')
    .digest('hex')
    .slice(0, 32)
}

/** null: there is none. Throws `vaultFromFuture`, `vaultDamaged`. */
export function readSidecar(vault: string): Sidecar | null {
  const path = sidecarPath(vault)
  let found: unknown
  try {
    found = JSON.parse(readRegularFileSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    if (!(error instanceof SyntaxError)) {
      throw new TokentrayError('vaultUnwritable', `${path} could not be read. Make it readable for your user.`, {
        cause: error
      })
    }
  }
  const parsed = shape.safeParse(found)
  if (parsed.success) return parsed.data
  const itsFormat = (found as { format?: unknown } | undefined)?.format
  if (typeof itsFormat === 'number' && itsFormat > format) {
    throw new TokentrayError(
      'vaultFromFuture',
      `${path} was written by a newer version of Tokentray. Update Tokentray.`
    )
  }
  throw new TokentrayError(
    'vaultDamaged',
    `${path}, which describes how to unlock the vault, is not valid. Copy it from a backup (${vault}.*.backup.json).`
  )
}

/** Durable and whole or not at all. `isFirst`: throws EEXIST where there is one already. */
export function writeSidecar(vault: string, sidecar: Sidecar, isFirst = false): void {
  const path = sidecarPath(vault)
  const text = `${JSON.stringify(sidecar, null, 2)}\n`
  if (isFirst) createFile(path, text)
  else writeWholeFile(path, text)
}
