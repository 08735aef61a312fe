import { LOST_PC } from '../../config/labels.ts'

/**
 * The policy by which API servers refuse whatever the kubelet of one PC asks them to change: its Node, its heartbeat, the next
 * certificate. What it may read are its own pods and their Secrets, of which there are none any more. By its own object for each PC,
 * and with no list that could be missing: kubelets must never be refused by accident.
 */
export const shutOutName = (pc: string): string => `deskfleet-lost-pc.${pc}`

const API = 'admissionregistration.k8s.io/v1'

export function shutOut(pc: string) {
  const metadata = { name: shutOutName(pc), labels: { [LOST_PC]: 'true' } }
  const says = `'the PC ${pc} was stolen, and its certificate counts no more: npx deskfleet pc lost ${pc} --undo lets one of that name in again'`
  const everything = {
    apiGroups: ['*'],
    apiVersions: ['*'],
    operations: ['*'],
    resources: ['*/*'],
    scope: '*',
  }
  return {
    policy: {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [everything] },
        matchConditions: [
          { name: 'of-that-pc', expression: `request.userInfo.username == 'system:node:${pc}'` },
        ],
        validations: [{ expression: 'false', messageExpression: says }],
      },
    },
    binding: {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny', 'Audit'] },
    },
  }
}
