import { parseXml, XmlElement } from '@rgrove/parse-xml'

/**
 * An element of Gluster's answers. All of it is text: nothing is guessed to be a number, and what is asked for and
 * missing is an error, never an empty value.
 */
export interface Element {
  /** Its own text. */
  readonly content: string
  /** The only child of that name. @throws when there is none, or several */
  one(name: string): Element
  /** The only child of that name; undefined when there is none. @throws when there are several */
  maybe(name: string): Element | undefined
  all(name: string): Element[]
  /** The text of the only child of that name. */
  text(name: string): string
  /** A whole number, not below zero, as the text of the only child of that name. */
  count(name: string): number
}

/** Where an answer is not what this program knows how to read. */
export class UnreadableAnswer extends Error {}

/** @throws UnreadableAnswer when it is no XML, or not in an element of that name. */
export function readXml(text: string, root: string): Element {
  try {
    const found = parseXml(text).root
    if (found?.name === root) return elementOf(found)
  } catch (error) {
    throw new UnreadableAnswer('it is no XML', { cause: error })
  }
  throw new UnreadableAnswer(`it does not begin with <${root}>`)
}

function elementOf(element: XmlElement): Element {
  const all = (name: string): XmlElement[] =>
    element.children.filter(
      (child): child is XmlElement => child instanceof XmlElement && child.name === name,
    )
  const maybe = (name: string): XmlElement | undefined => {
    const [first, second] = all(name)
    if (second) throw new UnreadableAnswer(`<${element.name}> has more than one <${name}>`)
    return first
  }
  const one = (name: string): XmlElement => {
    const found = maybe(name)
    if (!found) throw new UnreadableAnswer(`<${element.name}> has no <${name}>`)
    return found
  }
  const text = (name: string): string => one(name).text.trim()
  return {
    content: element.text.trim(),
    one: (name) => elementOf(one(name)),
    maybe(name) {
      const found = maybe(name)
      return found && elementOf(found)
    },
    all: (name) => all(name).map(elementOf),
    text,
    count(name) {
      const digits = text(name)
      if (/^\d{1,16}$/.test(digits)) return Number(digits)
      throw new UnreadableAnswer(`<${name}> of <${element.name}> is no number: "${digits}"`)
    },
  }
}
