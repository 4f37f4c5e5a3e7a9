// What the vault's tests share: a private folder each, options over a fake keychain, sample servers and grants.
// Also how to look at a file no connection holds any more, and how to run a script in a child of its own.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../app/base/clock.ts'
import { Secret } from '../../app/base/secret.ts'
import type { ErrorCode } from '../../app/contract/errors.ts'
import { type ServerConfig, serverConfig } from '../../app/contract/serverConfig.ts'
import type { NewGrant, Tokens } from '../../app/oauth/grant.ts'
import type { OpenOptions } from '../../app/vault/open.ts'
import { type FakeKeychain, fakeKeychain } from '../fakes/keychain.ts'

export const plantedTokens = ['canary-access-7f3a9d', 'canary-refresh-51c0be', 'canary-client-secret-aa17']

export function privateFolder(where = tmpdir()): string {
  const folder = mkdtempSync(join(where, 'tokentray-test-'))
  onTestFinished(() => {
    chmodSync(folder, 0o700)
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

export type Setting = OpenOptions & { keychain: FakeKeychain; notices: string[]; folder: string }

export function vaultSetting(change: Partial<OpenOptions> = {}): Setting {
  const folder = privateFolder()
  const notices: string[] = []
  return {
    folder,
    notices,
    path: join(folder, 'vault.db'),
    clock: systemClock(),
    notice: (sentence) => notices.push(sentence),
    ...change,
    keychain: fakeKeychain()
  }
}

export function sampleServer(id = 'notes'): ServerConfig {
  return serverConfig.parse({ id, name: 'Notes', url: `https://${id}.example/mcp`, grantKind: 'authorizationCode' })
}

export function sampleTokens(change: Partial<Tokens> = {}): Tokens {
  return {
    accessToken: new Secret(plantedTokens[0]!),
    tokenType: 'Bearer',
    obtainedAt: 1_700_000_000_000,
    expiresAt: 1_700_000_060_000,
    expirySource: 'stated',
    refreshToken: new Secret(plantedTokens[1]!),
    refreshExpiresAt: 1_700_009_000_000,
    scope: 'read write',
    ...change
  }
}

export function sampleGrant(change: Partial<Tokens> = {}): NewGrant {
  return {
    ...sampleTokens(change),
    shape: {
      issuer: 'https://issuer.example',
      tokenEndpoint: 'https://issuer.example/token',
      revocationEndpoint: null,
      resource: 'https://notes.example/mcp',
      clientId: 'client-1',
      clientAuth: 'client_secret_basic',
      clientSecret: new Secret(plantedTokens[2]!),
      registration: 'dynamic',
      redirectUri: 'http://127.0.0.1:4141/callback'
    }
  }
}

/** A digest of every file of the vault but the locks of SQLite, by name. */
export function digestFolder(folder: string): Record<string, string> {
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((it) => it.isFile() && !it.name.endsWith('-shm'))
      .map((it) => [it.name, digest(it.name)])
  )
}

/** Runs a script of this folder's with this Node; resolves with what it printed and how it ended. */
export function runChild(
  command: string[],
  env: NodeJS.ProcessEnv = process.env
): Promise<{ out: string; error: string; code: number | string | null }> {
  return new Promise((resolve) => {
    const child = execFile(command[0]!, command.slice(1), { env }, (error, out, stderr) =>
      resolve({ out, error: stderr, code: error ? (error.code ?? error.signal ?? null) : 0 })
    )
    child.stdin?.end()
  })
}

/** The code a promise rejects with, and its message; fails the test where it resolves. */
export async function failure(attempt: Promise<unknown>): Promise<{ code: ErrorCode; message: string }> {
  const ended = await attempt.then(
    () => 'it resolved',
    (error: unknown) => error
  )
  if (ended instanceof Error && 'code' in ended) return ended as never
  throw new Error(`expected a coded error, got: ${String(ended)}`)
}

export const isRoot = process.getuid?.() === 0
export const hasSetpriv = existsSync('/usr/bin/setpriv')
