import type { Identity } from '../../config/identity.ts'
import type { Offer, OfferedTemplate } from '../../gateway/offer.ts'

/** An offer of three templates, and people who may use some of them. */

const template = (name: string, more: Partial<OfferedTemplate> = {}): OfferedTemplate => ({
  name,
  image: 'desktop',
  resources: { cpu: '500m', memory: '1Gi', memoryLimit: '2Gi' },
  screen: '1280x800',
  idle: '30m',
  requires: {},
  groups: ['people'],
  ...more,
})

export const OFFER: Offer = {
  registry: 'registry.room:5000',
  images: { desktop: 'registry.room:5000/desktop:1' },
  desktops: { atMost: 3, language: 'de_DE', keyboard: 'de', timeZone: 'Europe/Berlin' },
  templates: [
    template('office', { title: 'Office' }),
    template('studio', {
      title: 'Studio',
      idle: '8h',
      groups: ['teachers'],
      resources: { cpu: '2', memory: '4Gi', memoryLimit: '8Gi' },
    }),
    template('light'),
  ],
  homesAreTold: true,
  volumeIsTold: false,
  usageIsTold: false,
  services: [],
}

export const identity = (login: string, groups: readonly string[]): Identity => ({
  metadata: { name: login },
  spec: {
    login,
    uid: 10_001,
    gid: 10_000,
    groups: groups.map((name, at) => ({ name, gid: 10_000 + at })),
    home: `/home/${login}`,
    shell: '/bin/bash',
    entryUUID: '00000000-0000-4000-8000-000000000001',
  },
})
