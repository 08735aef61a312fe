import { cel, on, type Proof } from '../kit/proof.ts'

/** Who tells the API server how a pod fares: kubelets, and the parts of Kubernetes itself. */
const GROUPS = ['system:nodes', 'system:serviceaccounts:kube-system']
const USERS = ['system:kube-scheduler', 'system:kube-controller-manager']

/**
 * The gateway finds a desktop by the address in its pod's status. Whoever could write that would have another person's
 * screen and token led to a pod of theirs; no role that people are given has a reason to.
 */
export const POD_STATUS: Proof = {
  name: 'deskfleet-pod-status',
  resources: [on('', ['pods/status'], ['UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  when: {},
  variables: {},
  rules: [
    {
      expression: `request.userInfo.groups.exists(g, g in ${JSON.stringify(GROUPS)}) || request.userInfo.username in ${JSON.stringify(USERS)}`,
      says: `request.userInfo.username + ${cel(' may not write the status of a desktop’s pod: nodes and controllers alone do')}`,
    },
  ],
}
