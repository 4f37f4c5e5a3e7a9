// Tells by its first bytes whether something is a picture that pages may show: PNG, JPEG or WebP, of a bounded size.
// A small file can claim a huge picture, and drawing it would fill the page's memory. SVG is no picture here: it can hold scripts.

export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp'

/** In pixels, each way. */
const maxSide = 1024

/** null: no picture, or too large a one. */
export function pictureTypeOf(bytes: Buffer): PictureType | null {
  for (const [type, sizeOf] of kinds) {
    const size = sizeOf(bytes)
    if (size) return size.every((side) => side > 0 && side <= maxSide) ? type : null
  }
  return null
}

type Size = [width: number, height: number]

const kinds: [PictureType, (bytes: Buffer) => Size | null][] = [
  ['image/png', sizeOfPng],
  ['image/jpeg', sizeOfJpeg],
  ['image/webp', sizeOfWebp]
]

const has = (bytes: Buffer, at: number, text: string) => bytes.toString('latin1', at, at + text.length) === text

/** PNG (W3C), 5.2 and 11.2.1: the signature, then IHDR. */
function sizeOfPng(bytes: Buffer): Size | null {
  if (bytes.length < 33 || !has(bytes, 0, '\x89PNG\r\n\x1a\n') || !has(bytes, 12, 'IHDR')) return null
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

/** ITU-T T.81, B.1.1: markers with lengths, until the frame header, which has the size. */
function sizeOfJpeg(bytes: Buffer): Size | null {
  if (!has(bytes, 0, '\xff\xd8\xff')) return null
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)]
    // A fill byte stands alone.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return null
}

/** RFC 9649, section 2: the size stands in the first chunk, in the form of its kind. */
function sizeOfWebp(bytes: Buffer): Size | null {
  if (bytes.length < 30 || !has(bytes, 0, 'RIFF') || !has(bytes, 8, 'WEBP')) return null
  if (has(bytes, 12, 'VP8X')) return [bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1]
  if (has(bytes, 12, 'VP8 ')) return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff]
  if (!has(bytes, 12, 'VP8L')) return null
  const bits = bytes.readUInt32LE(21)
  return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
}
