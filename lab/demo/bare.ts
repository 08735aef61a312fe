import { VERSION } from '../../config/version.ts'
import { up } from '../bare/bare.ts'
import { startPlatform } from '../bare/platform.ts'
import { addPerson, showPod, showRefusal } from './person.ts'
import { command, must, print, step, undisturbed } from './screen.ts'

/** The lab of the first part. It ends with that part, so that its memory is free for the room. */
export const DEMO_LAB = 'demo'

/** No kubelet is here to pull it. */
const IMAGE = `registry.room.example.org:5000/deskfleet:${VERSION}`

/** Who gives pods an identity, and what proves that nobody else's is in them. */
const PROOFS = 'mutatingwebhookconfigurations,validatingadmissionpolicies'
const COLUMNS = 'custom-columns=KIND:.kind,NAME:.metadata.name'

/**
 * The main job on a control plane alone, whose binaries are the first to be there: `cluster.yaml` becomes manifests,
 * the API server takes them, and a pod becomes somebody's.
 */
export async function showBarePart(): Promise<void> {
  const lab = await step(
    'cluster.yaml → dist/ → a real API server, and the programs of the platform',
    async (say) => {
      const made = await up({ name: DEMO_LAB, ldap: true, ownerPid: process.pid, progress: say })
      await startPlatform(made, say)
      command(`kubectl get ${PROOFS}`)
      print(await must(made, ['get', PROOFS, '--no-headers', '-o', COLUMNS]))
      return made
    },
  )
  try {
    await step('A person is added to LDAP, and becomes known to the cluster', () =>
      addPerson(lab, ['Published']),
    )
    await step('A plain pod becomes theirs at admission', () => showPod(lab, IMAGE))
    await step('A pod for somebody whom nobody knows', () => showRefusal(lab, IMAGE))
  } finally {
    await undisturbed(lab.down)
  }
}
