// A vault to be made under a passphrase that costs the least a vault accepts, for tests that open vaults by the dozen.
// What a derivation costs a person is proved in passphrase.test.ts.
import { Secret } from '../../app/base/secret.ts'
import { derivePassphraseKey } from '../../app/vault/passphrase.ts'
import { keyFingerprint, writeSidecar } from '../../app/vault/sidecar.ts'

/** The unfinished sidecar of a first start that chose a cheap derivation: the next start makes the vault with it. */
export async function plantCheapKey(vault: string, passphrase: string): Promise<void> {
  const scrypt = { salt: '5a'.repeat(16), N: 2 ** 14, r: 8, p: 1 }
  const fingerprint = keyFingerprint(await derivePassphraseKey(new Secret(passphrase), scrypt))
  writeSidecar(vault, { format: 1, keySource: 'passphrase', account: null, scrypt, fingerprint, complete: false })
}
