import { PERSON } from '../../config/labels.ts'
import { desktopName, SHARED_CLAIM } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { by, ORCHESTRATOR } from '../orchestrator/job-shape.ts'
import { takesClaim, takesEverybody } from './rights.ts'

/**
 * Who may take away what stands in a namespace of desktops: a claim that is deleted stays until no pod uses it, and until
 * then nobody else's desktop starts with it.
 */

const name = 'oldObject.metadata.name'
const person = `oldObject.metadata.?labels[?${cel(PERSON)}].orValue('')`

export const REMOVALS: readonly Proof[] = [
  takesEverybody(
    'deskfleet-removals',
    [
      on('', ['pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims'], ['DELETE']),
      on('apps', ['deployments', 'replicasets'], ['DELETE']),
    ],
    {
      'ours-by-name': `request.resource.resource == 'persistentvolumeclaims' ? ${name} == ${cel(SHARED_CLAIM)} || ${name}.startsWith('home-') : ${name}.startsWith(${cel(desktopName(''))})`,
    },
    `' may not remove ' + ${name} + ': homes and desktops are kept by storage and gateway; stop a desktop on its page'`,
  ),
  takesClaim('deskfleet-removals-of-pods', [on('', ['pods'], ['DELETE'])], person, 'remove a pod of'),
  // Whose pod it is cannot be seen here, so it takes the right on everybody, as whoever drains PCs has it. The orchestrator
  // empties a PC that is to be a master, and acts for nobody otherwise.
  takesEverybody(
    'deskfleet-removals-by-eviction',
    [on('', ['pods/eviction'], ['CREATE'])],
    { 'not-by-the-orchestrator': `!(${by(ORCHESTRATOR)})` },
    `' may not evict pods here: delete those of your own'`,
  ),
]
