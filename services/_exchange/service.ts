import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { add } from '../../charts/kit/objects.ts'
import { program } from '../../charts/kit/program.ts'
import { PRIORITIES } from '../../charts/priorities.ts'
import type { Service } from '../../charts/service.ts'
import { imageReference } from '../../config/images.ts'

/**
 * Files that people of the room hand to each other: dropped on a page, taken by everybody who logs in. It runs once its folder
 * is called `exchange` instead of `_exchange`.
 */

const name = 'exchange'
const FILES_CLAIM = 'files'
const SETTINGS = '/etc/exchange'
const PORT = 8080

const FILES = ['nginx.conf', 'index.html', 'page.js', 'style.css']
const data = Object.fromEntries(
  FILES.map((file) => [file, readFileSync(join(import.meta.dirname, file), 'utf8')]),
)

export default {
  about: 'Files that people of the room hand to each other',
  route: { service: name, port: 80, login: 'people' },
  data: [{ claim: FILES_CLAIM }],
  chart: (scope, { namespace, cluster }) => {
    add(scope, 'v1/ConfigMap', { name, namespace }, { data })
    program(scope, {
      name,
      namespace,
      // One is enough; on another PC it finds the same files.
      workload: { kind: 'Deployment', replicas: 1, update: { maxUnavailable: 1, maxSurge: 0 } },
      priorityClass: PRIORITIES.background.name,
      token: false,
      services: [{ name, port: 'http', as: 80 }],
      containers: [
        {
          // nginx, as the ingress has it.
          image: imageReference('ingress', cluster),
          command: ['nginx', '-c', `${SETTINGS}/nginx.conf`, '-e', 'stderr', '-g', 'daemon off;'],
          resources: { cpu: '10m', memory: '16Mi', memoryLimit: '128Mi' },
          ports: { http: PORT },
          probes: {
            readinessProbe: { httpGet: { path: '/', port: 'http', scheme: 'HTTP' }, periodSeconds: 5 },
            // Where the PC had to mount the storage anew, the files are reached by a new container alone.
            livenessProbe: {
              httpGet: { path: '/alive/', port: 'http', scheme: 'HTTP' },
              periodSeconds: 10,
              timeoutSeconds: 5,
            },
          },
          volumes: [
            { name: 'settings', mountPath: SETTINGS, configMap: { name } },
            {
              name: 'files',
              mountPath: '/data',
              writable: true,
              persistentVolumeClaim: { claimName: FILES_CLAIM },
            },
            { name: 'run', mountPath: '/run', writable: true, emptyDir: { sizeLimit: '16Mi' } },
          ],
        },
      ],
    })
  },
} satisfies Omit<Service, 'name'>
