import { DATA, REGISTRY_AT } from './entrance.ts'

/**
 * Settings of distribution's registry. Who may come in, the entrance has asked; the secret that its replicas share is added
 * when it begins. Nothing is deleted over HTTP: what a PC may have to pull again stays, whoever has the login that writes.
 */
export const registry = () => ({
  version: '0.1',
  log: { level: 'warn', accesslog: { disabled: true } },
  // No cache: another replica writes as well.
  storage: { filesystem: { rootdirectory: `${DATA}/registry` }, delete: { enabled: false } },
  // `relativeurls`: it is called by several names, also through a port that is led on.
  http: {
    ...{ addr: REGISTRY_AT, relativeurls: true, headers: { 'X-Content-Type-Options': ['nosniff'] } },
    // Told to end, it lets uploads end first: a little less than the pod's own grace.
    draintimeout: '50s',
  },
  health: { storagedriver: { enabled: true, interval: '10s', threshold: 3 } },
})
