import { type Conflict, type Judged, shown } from './conflict.ts'
import type { Container } from './pod.ts'
import { same } from './sameness.ts'
import { otherSecret } from './volume-rules.ts'

/** Whom the environment says the person is, and which Secrets it reads. */
export function environment(judged: Judged): Conflict[] {
  return judged.containers.flatMap(({ container, path }) => [
    ...variables(container, `${path}.env`, judged),
    ...(container.envFrom ?? []).flatMap(({ secretRef }, index) =>
      secretRef ? otherSecret(secretRef.name, `${path}.envFrom[${index}].secretRef.name`, judged.own) : [],
    ),
  ])
}

function variables(container: Container, path: string, { own }: Judged): Conflict[] {
  return (container.env ?? []).flatMap((entry, index) => {
    const secret = entry.valueFrom?.secretKeyRef
    const ours = own.env.find(({ name }) => name === entry.name)
    return [
      ...(secret ? otherSecret(secret.name, `${path}[${index}].valueFrom.secretKeyRef.name`, own) : []),
      ...(ours && !same(entry, ours) ? [otherPerson(`${path}[${index}]`, entry, ours.value)] : []),
    ]
  })
}

function otherPerson(at: string, entry: { name: string; [key: string]: unknown }, wanted: string): Conflict {
  const found = entry.valueFrom ? 'comes from elsewhere' : `is ${shown(entry.value ?? '')}`
  return {
    path: entry.valueFrom ? `${at}.valueFrom` : `${at}.value`,
    fault: `(${entry.name}) ${found}, not ${shown(wanted)}`,
    mend: 'leave the variable out; it is set for you',
  }
}

/** Account files and owner: the API server would show a pod, and the gateway take for the owner, whatever it says. */
export function ownAnnotations({ pod, own }: Judged): Conflict[] {
  return Object.entries(own.annotations)
    .filter(([key, text]) => (pod.metadata.annotations?.[key] ?? text) !== text)
    .map(([key]) => ({
      path: `metadata.annotations["${key}"]`,
      fault: 'is another text',
      mend: 'leave it out; it is set for you',
    }))
}
