// The memory of the demo authorization server: one map per kind of record, without a limit, on the injected clock.
// The provider's own store drops the oldest of 1,000 records, which to a client would look like revoked tokens.
import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Clock } from '../base/clock.ts'

type StoredRecord = { payload: AdapterPayload; endsAt: number; consumedAt: number | null }

export type Store = {
  adapter(kind: string): Adapter
  /** Every live record of a kind. */
  records(kind: string): AdapterPayload[]
  /** Deletes the grant with all its codes and tokens. */
  deleteGrant(grantId: string): void
}

/**
 * `reuseGrace` in ms: for that long after its use a refresh token is taken once more,
 * as servers do that forgive a lost reply. 0: reuse is always detected.
 */
export function createStore(clock: Clock, reuseGrace: (payload: AdapterPayload) => number): Store {
  const kinds = new Map<string, Map<string, StoredRecord>>()
  let writes = 0

  const recordsOf = (kind: string) => {
    const records = kinds.get(kind) ?? new Map<string, StoredRecord>()
    kinds.set(kind, records)
    return records
  }
  const live = (record: StoredRecord | undefined) => record !== undefined && record.endsAt > clock.now()

  function sweep() {
    for (const records of kinds.values()) {
      for (const [id, record] of records) if (!live(record)) records.delete(id)
    }
  }

  function read(record: StoredRecord | undefined): AdapterPayload | undefined {
    if (record === undefined || !live(record)) return undefined
    if (record.consumedAt === null || clock.now() < record.consumedAt + reuseGrace(record.payload)) {
      return record.payload
    }
    return { ...record.payload, consumed: Math.floor(record.consumedAt / 1000) }
  }

  function adapter(kind: string): Adapter {
    const records = recordsOf(kind)
    const findBy = (key: 'uid' | 'userCode', value: string) =>
      read([...records.values()].find((record) => record.payload[key] === value))
    return {
      async upsert(id, payload, expiresIn) {
        writes += 1
        if (writes % 1000 === 0) sweep()
        const endsAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : clock.now() + expiresIn * 1000
        records.set(id, { payload, endsAt, consumedAt: null })
      },
      find: async (id) => read(records.get(id)),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      async consume(id) {
        const record = records.get(id)
        // Only the first use starts the grace: a later one must not prolong it.
        if (record) record.consumedAt ??= clock.now()
      },
      async destroy(id) {
        records.delete(id)
      },
      async revokeByGrantId(grantId) {
        for (const [id, record] of records) if (record.payload.grantId === grantId) records.delete(id)
      }
    }
  }

  return {
    adapter,
    records: (kind) => [...recordsOf(kind).values()].filter(live).map((record) => record.payload),
    deleteGrant(grantId) {
      recordsOf('Grant').delete(grantId)
      for (const records of kinds.values()) {
        for (const [id, record] of records) if (record.payload.grantId === grantId) records.delete(id)
      }
    }
  }
}
