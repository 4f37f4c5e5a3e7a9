// Secret: the wrapper of every token, key and client secret. It prints [secret] wherever it lands by accident.
// Only the files listed in test/base/secret.test.ts may call expose(), which gives the text back.
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  static reveal(secret: Secret): string {
    return secret.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
  [Symbol.toPrimitive](): string {
    return '[secret]'
  }
}

/** The wrapped text. Each caller is listed and tested: a new one is a decision. */
export function expose(secret: Secret): string {
  return Secret.reveal(secret)
}

/** Eight hex digits that tell two secrets apart in a log without telling anything about either. */
export function fingerprint(secret: Secret): string {
  // Not imported: on the way of `tokentray token` node:crypto would cost 5 ms, and nothing there asks for this.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update('tokentray fingerprint\0').update(Secret.reveal(secret)).digest('hex').slice(0, 8)
}
