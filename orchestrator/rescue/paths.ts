import { CROWN } from '../../config/names.ts'

/** Where kubeadm and its kubelet have things. */
export const KUBERNETES = '/etc/kubernetes'
export const DATA = '/var/lib/etcd'
export const MANIFESTS = `${KUBERNETES}/manifests`
export const PKI = `${KUBERNETES}/pki`
/** What kubeadm is told; nothing in it is secret. */
export const CONFIG = `${KUBERNETES}/rescue.yaml`

/** What a rescue makes anew. What is there is laid aside first, and never deleted: it may be the last of something. */
export const MADE_ANEW = [
  MANIFESTS,
  DATA,
  PKI,
  CROWN.apiFiles,
  `${KUBERNETES}/admin.conf`,
  `${KUBERNETES}/super-admin.conf`,
  `${KUBERNETES}/controller-manager.conf`,
  `${KUBERNETES}/scheduler.conf`,
  `${KUBERNETES}/kubelet.conf`,
  CONFIG,
] as const
