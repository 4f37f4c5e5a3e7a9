// Text in terminal cells: how wide it is, cut or filled to a width, and free of anything that could steer the terminal.
// Needed because names and errors come from servers, and may be in any script.
import { stripVTControlCharacters } from 'node:util'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const invisible = /^[\p{Mn}\p{Me}]+$/u
/** East Asian Wide and Fullwidth (Unicode TR 11), by the blocks that matter. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u

/** `text` on one line, without escape sequences, control characters and marks that turn the direction of writing. */
export function clean(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .replace(/[\t\r\n\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
}

/** The width of cleaned text in terminal cells. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0
  return wide.test(grapheme) ? 2 : 1
}

/** `text` in exactly `width` cells: filled with spaces, or cut with `…` between graphemes. */
export function toWidth(text: string, width: number): string {
  const full = widthOf(text)
  if (full <= width) return text + ' '.repeat(width - full)
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const more = graphemeWidth(segment)
    if (used + more > width - 1) break
    kept += segment
    used += more
  }
  return `${kept}…${' '.repeat(Math.max(0, width - used - 1))}`
}
