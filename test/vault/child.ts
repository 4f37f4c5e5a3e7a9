// What the vault's tests run in a process of its own, to kill it or to take its privileges away.
// Usage: child.ts write|open <vault>, child.ts claim <folder>. The key is a fixed one and opens nothing real.
import { systemClock } from '../../app/base/clock.ts'
import { Secret } from '../../app/base/secret.ts'
import { asTokentrayError } from '../../app/contract/errors.ts'
import { claimOwnership } from '../../app/owner/lock.ts'
import { connect } from '../../app/vault/connection.ts'
import { openVault } from '../../app/vault/open.ts'
import { createSqliteVault } from '../../app/vault/sqlite.ts'
import { fakeKeychain } from '../fakes/keychain.ts'
import { sampleTokens } from './vault.fixture.ts'

const [what, place] = process.argv.slice(2) as ['write' | 'open' | 'claim', string]

if (what === 'write') {
  const vault = createSqliteVault(connect(place, new Secret('5a'.repeat(32))), place, 'throwaway')
  let generation = (await vault.readGrant('notes'))!.generation
  for (;;) {
    await vault.beginRefresh('notes', generation)
    await vault.commitRefresh('notes', generation, sampleTokens({ accessToken: new Secret(`token-${generation + 1}`) }))
    generation++
    process.stdout.write(`${generation}\n`)
  }
}

if (what === 'open') {
  try {
    const vault = await openVault({ path: place, clock: systemClock(), keychain: fakeKeychain() })
    await vault.close()
    console.log('opened')
  } catch (error) {
    const { code, message } = asTokentrayError(error)
    console.log(`${code}: ${message}`)
  }
}

if (what === 'claim') {
  try {
    const ownership = claimOwnership(place)
    console.log(ownership ? 'owner' : 'busy')
    // Holds it for as long as the parent holds the pipe.
    process.stdin.on('close', () => ownership?.release()).resume()
  } catch (error) {
    console.log(asTokentrayError(error).code)
  }
}
