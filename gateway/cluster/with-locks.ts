import type { LockedPeople } from '../../cluster/locked-people.ts'
import type { Watched } from '../../cluster/watch.ts'
import type { KnownPerson } from './person.ts'

/** The same people; whoever is locked in the cluster itself is locked as if LDAP said so, from the moment of the lock. */
export function withLocks(
  people: Watched<KnownPerson>,
  locks: Pick<LockedPeople, 'of' | 'onChange'>,
): Watched<KnownPerson> {
  const seen = (person: KnownPerson): KnownPerson => {
    const { metadata, spec } = person.identity
    if (spec.locked || !locks.of(metadata.name, spec.entryUUID)) return person
    return { ...person, identity: { metadata, spec: { ...spec, locked: true } } }
  }
  return {
    ...people,
    get(name) {
      const person = people.get(name)
      return person && seen(person)
    },
    all: () => people.all().map(seen),
    onChange(changed) {
      people.onChange(changed)
      locks.onChange(() => changed(''))
    },
  }
}
