/**
 * The beginning of a text, cut between characters as people see them: an emoji, a letter with its accents and a flag
 * stay whole or go. At most `most` code units, so that whoever counts bytes or code units is served.
 */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  let end = 0
  // No character that anybody writes is longer: a text of megabytes is not looked through.
  for (const { index, segment } of CHARACTERS.segment(text.slice(0, most + 64))) {
    if (index + segment.length > most) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })
