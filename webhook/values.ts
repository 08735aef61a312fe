const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b]

/**
 * Whether JSON holds more values than `most`, by what opens and parts them outside of texts. It makes nothing of them:
 * three bytes of a body become a hundred of memory once they are read as values. What is no JSON is counted as far as
 * it is some.
 */
export function holdsMore(json: Buffer, most: number): boolean {
  let seen = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) at = endOfText(json, at + 1)
    else if ((byte === COMMA || byte === LIST || byte === OBJECT) && ++seen > most) return true
  }
  return false
}

/** Where the quote is that ends a text which begins at `from`. */
function endOfText(json: Buffer, from: number): number {
  for (let at = json.indexOf(QUOTE, from); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    let escapes = 0
    while (at - escapes > from && json[at - escapes - 1] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return at
  }
  return json.length
}
