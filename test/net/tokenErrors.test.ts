// Error codes and sentences that name a bad token, in the words of many servers, and those that speak of something else.
import { expect, test } from 'vitest'
import { isTokenError, readError } from '../../app/net/tokenErrors.ts'

test.each([
  'invalid_token',
  'token_expired',
  'Token has been revoked',
  'InvalidAccessToken',
  'jwt expired',
  'jwt malformed',
  'invalid JWT',
  'JWT expired at 2026-11-29T13:36:00Z.',
  'TokenExpiredError',
  'ExpiredTokenException',
  'The incoming token has expired',
  'The security token included in the request is expired',
  'The security token included in the request is invalid.',
  'Session token expired',
  'Id token has expired',
  'Invalid or expired token',
  'Token is invalid or expired',
  'token_not_valid',
  'The access token is no longer valid',
  'Unauthorized: token expired',
  'Token expired. Please log in again.',
  'Authentication failed: invalid bearer token'
])('%s', (said) => {
  expect(isTokenError(said)).toBe(true)
})

test.each([
  'Invalid CSRF token',
  'Upload token expired',
  'The upload token included in the request is expired',
  'Invalid or expired reset token',
  'Refresh token expired',
  'invalid page token',
  'Session expired',
  'Forbidden',
  'Unauthorized',
  'token',
  'The token has the wrong scope',
  'Unexpected token < in JSON',
  'expired',
  'Invalid request',
  'Token limit exceeded',
  'The device token is invalid',
  `token expired ${'x'.repeat(100)}`,
  'token\nexpired'
])('not %s', (said) => {
  expect(isTokenError(said)).toBe(false)
})

test.each([
  [{ message: 'jwt expired' }, 'jwt expired'],
  [{ error: 'Forbidden', message: 'Invalid or expired token' }, 'Invalid or expired token'],
  [{ detail: 'Token has expired' }, 'Token has expired'],
  [{ msg: 'Token has expired' }, 'Token has expired'],
  [{ type: 'about:blank', title: 'Token expired', status: 403 }, 'Token expired'],
  [{ error: 'invalid_request', error_description: 'The access token expired' }, 'The access token expired'],
  [
    { __type: 'ExpiredTokenException', message: 'The security token included in the request is expired' },
    'ExpiredTokenException'
  ],
  [{ errors: [{ title: 'Forbidden', detail: 'jwt expired' }] }, 'jwt expired'],
  [{ jsonrpc: '2.0', id: 1, error: { code: -32001, message: 'Invalid or expired token' } }, 'Invalid or expired token']
])('%j', (body, error) => {
  expect(readError(JSON.stringify(body))).toMatchObject({ error })
})

test.each([
  [{ message: 'Invalid CSRF token' }],
  [{ error: 'Forbidden' }],
  [{ items: [{ message: 'jwt expired' }] }],
  [null],
  ['jwt expired']
])('%j names no bad token', (body) => {
  expect(readError(JSON.stringify(body))).toBeNull()
})
