// Aligned columns for lists on a terminal: clients of the gateway and what they used.
// Cells are padded by what a terminal shows of them, since clients choose their names in any script.
import { clean, toWidth, widthOf } from './textWidth.ts'

/** A cell wider than this pushes its own row out of line, not the column of all rows. */
const maxCellWidth = 40

/** A line with the names of the columns, then one per row. Cells are cleaned, and none is cut. */
export function renderColumns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, ...rows].map((row) => row.map(clean))
  const widths = head.map((_, at) =>
    Math.max(...lines.map((line) => widthOf(line[at]!)).filter((width) => width <= maxCellWidth))
  )
  const pad = (cell: string, at: number) => (widthOf(cell) > widths[at]! ? cell : toWidth(cell, widths[at]!))
  return lines.map((line) => line.map(pad).join('  ').trimEnd())
}
