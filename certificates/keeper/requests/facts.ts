/** A CertificateSigningRequest, as the API server keeps it. */
export interface Asked {
  /** Who made it. The API server writes this itself, as all of `spec` that says who. */
  readonly username: string
  /** The PC of the pod to which the token of whoever made it is bound. The API server reads it from the token that it signed. */
  readonly nodes: readonly string[]
  /** Of that PC's Node, from the same token. */
  readonly uid?: string | undefined
  /** What the certificate is to be for, in Kubernetes' words. */
  readonly usages: readonly string[]
  /** What was sent: whatever whoever made it wrote; or why it cannot be read. */
  readonly content: Content | { readonly fault: string }
}

/** What a PKCS#10 request says. */
export interface Content {
  /** The subject's parts, each as `CN=pc-1`; several in one part are joined by `+`. */
  readonly subject: readonly string[]
  /** What else it asks for: extensions and other attributes, by their object identifiers. */
  readonly beside: readonly string[]
  /** The kind of its key, as `ec prime256v1`. */
  readonly key: string
  /** DER, as SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** Whether it is signed by that key: whoever asks has the other half. */
  readonly proven: boolean
}

/** Why a request is denied. */
export interface Denial {
  /** One word, for programs. */
  readonly reason: string
  /** What is wrong and what to do about it, for people. */
  readonly message: string
}

export type Verdict =
  | { readonly answer: 'sign'; readonly node: string; readonly publicKey: Uint8Array<ArrayBuffer> }
  | ({ readonly answer: 'deny' } & Denial)
