// WWW-Authenticate as servers really write it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bearerChallenge, parseChallenges } from '../../app/net/challenge.ts'

test('several challenges in one header, commas and escapes inside quotes', () => {
  const header =
    'Negotiate abc==, Basic realm="a, Bearer \\"x\\"", charset="UTF-8" , Bearer realm=plain,scope="read write", resource_metadata = "https://x/.well-known/a?b=c,d",DPoP algs="ES256"'
  expect(parseChallenges(header).map(({ scheme, params }) => [scheme, { ...params }])).toEqual([
    ['negotiate', {}],
    ['basic', { realm: 'a, Bearer "x"', charset: 'UTF-8' }],
    ['bearer', { realm: 'plain', scope: 'read write', resource_metadata: 'https://x/.well-known/a?b=c,d' }],
    ['dpop', { algs: 'ES256' }]
  ])
})

test('the Bearer challenge that names its metadata is the one', () => {
  expect(
    bearerChallenge('Basic realm="x", Bearer error="invalid_token", Bearer resource_metadata="https://m"')?.params
      .resource_metadata
  ).toBe('https://m')
  expect(bearerChallenge('bearer')).toMatchObject({ scheme: 'bearer' })
  expect(bearerChallenge('Basic realm="Bearer resource_metadata=https://evil"')).toBeNull()
  expect(bearerChallenge(null)).toBeNull()
})

test('of a parameter said twice the first counts', () => {
  expect(bearerChallenge('Bearer scope="a", scope="b"')?.params.scope).toBe('a')
})

test('no text makes it crash or run for ever', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ab=",\\ \t]*$/)), (text) =>
      Array.isArray(parseChallenges(text))
    )
  )
})
