import { desktopName, GATEWAY, NAMESPACES } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'

const account = `system:serviceaccount:${NAMESPACES.system}:${GATEWAY.service}`
const PREFIX = desktopName('')

/** The gateway may act as everybody, so what it makes has the names of desktops and no other: RBAC cannot say so. */
export const OWN_NAMES: Proof = {
  name: 'deskfleet-names-of-the-gateway',
  resources: [on('', ['services'], ['CREATE', 'UPDATE']), on('apps', ['deployments'], ['CREATE', 'UPDATE'])],
  where: 'desktops',
  readsIdentities: false,
  when: { 'by-the-gateway': `request.userInfo.username == ${cel(account)}` },
  variables: {},
  rules: [
    {
      expression: `object.metadata.?name.orValue('').startsWith(${cel(PREFIX)})`,
      says: `'the account gateway makes and changes what is called ${PREFIX}<person> alone, not ' + object.metadata.?name.orValue('')`,
    },
  ],
}
