// Names that strangers give themselves, made fit to be shown to a person who decides by them.
// Nothing invisible and nothing that turns the direction of writing is left in them.

/** `name` in one visible line of at most so many letters; a client without one is called what it is. */
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
