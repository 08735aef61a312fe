/** What a delivery tool must know of an app. */
export interface Entry {
  readonly name: string
  readonly about: string
  readonly namespace: string
  readonly after: readonly string[]
  readonly wave: number
}
