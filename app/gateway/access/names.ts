// Cleans the names that clients give themselves, because a person decides by them.
// Invisible characters, and those that reverse the direction of writing, could make one client look like another.

/** `name` on one visible line, cut to `maxLetters`; "Unnamed client" if nothing is left of it. */
export function cleanName(name: unknown, maxLetters = 60): string {
  const plain =
    typeof name === 'string'
      ? name
          .normalize('NFKC')
          .replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, '')
          .replace(/\s+/g, ' ')
          .trim()
      : ''
  const letters = [...plain]
  if (letters.length === 0) return 'Unnamed client'
  return letters.length > maxLetters ? `${letters.slice(0, maxLetters - 1).join('')}…` : plain
}
