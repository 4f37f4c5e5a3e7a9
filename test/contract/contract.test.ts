// The contract: no view can hold a secret, only readToken hands one out and only at the CLI's door, inputs are checked.
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Log, silentLog } from '../../app/base/log.ts'
import { commands } from '../../app/contract/commands.ts'
import { exitCodes, TokentrayError } from '../../app/contract/errors.ts'
import type { Handlers } from '../../app/core/commands/handlers.ts'
import { route } from '../../app/core/router.ts'

type Schema = {
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  additionalProperties?: unknown
  type?: string
}

/** Every field name an output can hold, with the objects that would let unknown fields through. */
function fieldsOf(schema: Schema, path = ''): { names: string[]; open: string[] } {
  const parts = [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])].map((part) => fieldsOf(part, path))
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const inner = fieldsOf(child, `${path}.${name}`)
    parts.push({ names: [`${path}.${name}`, ...inner.names], open: inner.open })
  }
  const open =
    schema.type === 'object' && schema.additionalProperties !== false && !/quirks|schedule|params/.test(path)
      ? [path]
      : []
  return { names: parts.flatMap(({ names }) => names), open: [...open, ...parts.flatMap((part) => part.open)] }
}

describe('FM-25 outputs', () => {
  test.each(
    Object.keys(commands).filter((name) => !['readToken', 'clients.addKey', 'clients.bridgeKey'].includes(name))
  )('%s has no field for a secret, and lets no unknown field through', (name) => {
    const { names, open } = fieldsOf(
      z.toJSONSchema(commands[name as keyof typeof commands].output, { io: 'output' }) as Schema
    )
    expect(
      names.filter((field) =>
        /secret|password|passphrase|(access|refresh|id)_?token$|\.token$|verifier|\.code$|\.key$/i.test(field)
      )
    ).toEqual([])
    expect(open).toEqual([])
  })

  test("clients.addKey's answer holds the new key and nothing else of the kind; every door may ask, for a person is there", () => {
    const { output, doors } = commands['clients.addKey']
    const { names, open } = fieldsOf(z.toJSONSchema(output, { io: 'output' }) as Schema)
    expect(names.filter((field) => /key|secret|token|hash/i.test(field))).toEqual(['.key'])
    expect(open).toEqual([])
    expect(doors).toEqual(['cli', 'window', 'browser'])
    expect(commands['clients.allowNext'].doors).toEqual(['cli'])
  })

  test('a bridge gets its key at the CLI door only, and nothing else of the kind', () => {
    const { output, doors } = commands['clients.bridgeKey']
    const { names, open } = fieldsOf(z.toJSONSchema(output, { io: 'output' }) as Schema)
    expect(names.filter((field) => /key|secret|token|hash/i.test(field))).toEqual(['.key'])
    expect([open, doors]).toEqual([[], ['cli']])
  })

  test('readToken is for the CLI door only', async () => {
    expect(commands.readToken.doors).toEqual(['cli'])
    const handlers = {
      readToken: async () => ({ token: 't', tokenType: 'Bearer', expiresAt: null, warning: null })
    } as unknown as Handlers
    for (const door of ['window', 'browser'] as const)
      expect(await route(handlers, silentLog, door, 'readToken', { server: 'x' })).toMatchObject({
        ok: false,
        code: 'notAllowedHere'
      })
    expect(await route(handlers, silentLog, 'cli', 'readToken', { server: 'x' })).toMatchObject({ ok: true })
  })
})

describe('the router', () => {
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (_message, error) => errors.push(error) }
  const handlers = {
    snapshot: async () => ({ revision: 1, planted: 'token' }),
    poke: async () => {
      throw new Error('at /home/somebody with token abc')
    },
    'vault.check': async () => {
      throw new TokentrayError('vaultDamaged', 'The vault is damaged.')
    }
  } as unknown as Handlers

  test('unknown commands, even those every object has, are refused', async () => {
    for (const name of ['nothing', '__proto__', 'constructor', 'toString'])
      expect(await route(handlers, log, 'cli', name, {})).toMatchObject({ ok: false, code: 'commandUnknown' })
  })

  test("a bad input is refused with the field's name, never its value", async () => {
    const reply = await route(handlers, log, 'cli', 'server.refresh', { server: 7, token: 'planted' })
    expect(reply).toMatchObject({ ok: false, code: 'inputInvalid', message: expect.stringContaining('server') })
    expect(JSON.stringify(reply)).not.toContain('planted')
  })

  test('an answer that does not fit its schema never leaves', async () => {
    const reply = await route(handlers, log, 'cli', 'snapshot', {})
    expect(reply).toMatchObject({ ok: false, code: 'unexpected' })
    expect(JSON.stringify(reply)).not.toContain('planted')
  })

  test('unforeseen errors are logged, and answered without their message; foreseen ones keep their code', async () => {
    expect(await route(handlers, log, 'cli', 'poke', {})).toEqual({
      ok: false,
      code: 'unexpected',
      message: 'Something went wrong. See the log for details.'
    })
    expect(errors).toHaveLength(2)
    expect(await route(handlers, log, 'cli', 'vault.check', {})).toEqual({
      ok: false,
      code: 'vaultDamaged',
      message: 'The vault is damaged.'
    })
  })
})

test('every error code has an exit code a script can tell apart', () => {
  expect(new Set(Object.values(exitCodes))).toEqual(new Set([1, 2, 3, 4, 5, 6]))
  expect(exitCodes.signInNeeded).toBe(3)
})
