import { Document, Scalar, stringify, visit } from 'yaml'

/**
 * A value as YAML that readers of YAML 1.1 and of 1.2 take alike. The API server's own reader is of 1.1: to it a bare
 * `on`, `1_000` or `12:30` is no text; to one of 1.2, `0o7` is none.
 */
export function writeYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'string' && isMistaken(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE
    },
  })
  return document.toString({ lineWidth: 0 })
}

/** Numbers, booleans, times and the like are short. */
const LONGEST = 64

/** Whether a reader of 1.1 takes the bare text for something else; the writer of 1.2 sees to the others itself. */
const isMistaken = (text: string): boolean =>
  text.length <= LONGEST && isQuoted(stringify(text, { version: '1.1' })) && !isQuoted(stringify(text))

const isQuoted = (written: string): boolean => /^["']/.test(written)
