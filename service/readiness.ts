/** What a service still lacks before it does what it is there for. */
export interface Readiness {
  /** Adds a question, asked at every look: the reasons against being ready, none when there are none. */
  needs(lacks: () => readonly string[]): void
  lacks(): string[]
}

export function newReadiness(): Readiness {
  const questions: (() => readonly string[])[] = []
  return {
    needs: (lacks) => void questions.push(lacks),
    lacks: () => questions.flatMap((question) => question()),
  }
}
