/** The answer file of `install.sh`, as text: one `key: value` a line, which a shell reads. Pure. */

export interface Answers {
  /** `HOST:PORT` of the API server, at the room's one address. */
  readonly endpoint: string
  /** `sha256:…` of the public key of the cluster's authority. */
  readonly authority: string
  /** As kubeadm writes it: `ID.SECRET`. */
  readonly token: string
  /** When it ends. */
  readonly until: Date
  /** As `v1.37.2`. */
  readonly kubernetes: string
  readonly registry: string
  /** PEM: who vouches for the registry. */
  readonly registryAuthority?: string | undefined
  /** `NAME:PASSWORD` of the PCs. */
  readonly registryLogin?: string | undefined
  /** What the PC is called; else its host name. */
  readonly name?: string | undefined
  readonly timeServers: readonly string[]
  /** What people type into a browser: what the PC's own screen shows. */
  readonly door: string
  /** PEM, maybe several: who vouches for the door; none where every browser trusts it already. */
  readonly doorAuthorities?: string | undefined
  /** As the desktops have them. */
  readonly keyboard: string
  readonly language: string
  readonly timeZone: string
}

export function answerFile(answers: Answers): string {
  const { endpoint, authority, token, until, kubernetes, registry, timeServers } = answers
  const encoded = (pem: string | undefined) => pem && Buffer.from(pem).toString('base64')
  const lines = {
    name: answers.name,
    endpoint,
    'ca-cert-hash': authority,
    token,
    kubernetes,
    registry,
    'registry-ca': encoded(answers.registryAuthority),
    'registry-login': answers.registryLogin,
    'time-servers': timeServers.length > 0 ? timeServers.join(' ') : undefined,
    door: answers.door,
    'door-ca': encoded(answers.doorAuthorities),
    keyboard: answers.keyboard,
    language: answers.language,
    'time-zone': answers.timeZone,
  }
  return [
    '# What installer/install.sh has to know of the room. It holds secrets: for root alone (0600), and not for Git.',
    `# The token lets a PC in as a worker until ${until.toISOString()}, and is no longer in the file when one has joined.`,
    ...Object.entries(lines).flatMap(([key, value]) => (value === undefined ? [] : `${key}: ${value}`)),
    '',
  ].join('\n')
}
