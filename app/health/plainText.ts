// Makes a name that others chose fit for a line of text that a person decides by.
// Control characters would break the line, and right-to-left letters would move the digits and words beside them.

/** The blocks whose letters are written from right to left (UAX #9: R and AL). */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** `text` on one line; with letters from right to left, in an isolate (U+2068 … U+2069), so that nothing around it moves. */
export function plainText(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  return rightToLeft.test(plain) ? `\u2068${plain}\u2069` : plain
}
