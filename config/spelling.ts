/** The known word that was most likely meant, or undefined when none is similar. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((name) => ({ name, steps: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = scored.sort((a, b) => a.steps - b.steps)[0]
  return best !== undefined && best.steps <= Math.max(2, word.length / 3) ? best.name : undefined
}

/** Levenshtein's distance: words are short, so the plain table will do. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
