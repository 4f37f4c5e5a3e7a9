// Pictures by their bytes: the kinds that pages may show, each of a size that cannot fill their memory.
// What only claims to be a picture, or claims a huge one, must not reach a page.
import { expect, test } from 'vitest'
import { pictureTypeOf } from '../../app/base/picture.ts'

const latin = (text: string) => Buffer.from(text, 'latin1')
const be = (size: 2 | 4, value: number) => {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(value, 0, size)
  return bytes
}
const le = (size: number, value: number) => {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntLE(value, 0, size)
  return bytes
}
const png = (width: number, height: number) =>
  Buffer.concat([latin('\x89PNG\r\n\x1a\n'), be(4, 13), latin('IHDR'), be(4, width), be(4, height), Buffer.alloc(9)])
const jpeg = (width: number, height: number) =>
  Buffer.concat([
    latin('\xff\xd8\xff\xe0'),
    be(2, 16),
    Buffer.alloc(14),
    latin('\xff\xc4'),
    be(2, 6),
    Buffer.alloc(4),
    latin('\xff\xff\xc2'),
    be(2, 17),
    latin('\x08'),
    be(2, height),
    be(2, width),
    Buffer.alloc(12)
  ])
const webp = (kind: string, body: Buffer) =>
  Buffer.concat([latin('RIFF'), le(4, 100), latin('WEBP'), latin(kind), le(4, body.length), body, Buffer.alloc(20)])
const extended = (width: number, height: number) =>
  webp('VP8X', Buffer.concat([Buffer.alloc(4), le(3, width - 1), le(3, height - 1)]))
const lossy = (width: number, height: number) =>
  webp('VP8 ', Buffer.concat([Buffer.alloc(6), le(2, width), le(2, height)]))
const lossless = (width: number, height: number) =>
  webp('VP8L', Buffer.concat([latin('\x2f'), le(4, (width - 1) | ((height - 1) << 14))]))

test.each([
  ['image/png', png],
  ['image/jpeg', jpeg],
  ['image/webp', extended],
  ['image/webp', lossy],
  ['image/webp', lossless]
] as const)('%s, up to 1,024 pixels each way', (type, make) => {
  expect(pictureTypeOf(make(64, 32))).toBe(type)
  expect(pictureTypeOf(make(1024, 1024))).toBe(type)
  expect(pictureTypeOf(make(1025, 1))).toBeNull()
  expect(pictureTypeOf(make(1, 1025))).toBeNull()
  // Cut anywhere, it is refused or told by what is there; it never throws.
  for (let end = 0; end < 40; end++) pictureTypeOf(make(64, 64).subarray(0, end))
})

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['SVG', latin('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
  ['GIF', latin('GIF89a\x01\x00\x01\x00')],
  ['a page', latin('<!doctype html><title>x</title>')],
  ['no size at all', png(0, 0)],
  ['a JPEG without a frame', latin('\xff\xd8\xff\xe0\x00\x02\xff\xd9\xff\xd9\x00\x02\xff\xd9')],
  ['a JPEG that goes round in a circle', latin(`\xff\xd8\xff\xe0\x00\x00${'\xff\xe0\x00\x00'.repeat(50)}`)]
])('%s is none', (_what, bytes) => expect(pictureTypeOf(bytes)).toBeNull())
