// Redraws a live view on a terminal over the one before it.
// Without flicker, and without clearing the scroll-back.
import type { Output } from './world.ts'

const csi = '\u001b['

/** What to write so that `text` replaces the picture before it: cursor home, each line cleared to its end, the rest cleared. */
export function redraw(text: string, output: Output): string {
  const rows = output.rows || 24
  const lines = text.split('\n').slice(0, Math.max(1, rows - 1))
  return `${csi}H${lines.map((line) => `${line}${csi}K\n`).join('')}${csi}J`
}
