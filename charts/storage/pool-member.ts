import { GLUSTER, NAMESPACES } from '../../config/names.ts'
import type { Rights } from '../kit/access.ts'

/**
 * What the mounter needs to have its PC vouched for in the Gluster pool (storage/certificate/). Whoever may create
 * requests may create them for any signer, and none of them signs for this account but the keeper.
 */
export const POOL_MEMBER: Rights = {
  cluster: [
    { group: 'certificates.k8s.io', resources: ['certificatesigningrequests'], verbs: ['create', 'get'] },
  ],
  namespaces: {
    [NAMESPACES.storage]: [
      { group: '', resources: ['configmaps'], verbs: ['get'], names: [GLUSTER.authority] },
    ],
  },
}
